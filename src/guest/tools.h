/* SPDX-License-Identifier: MIT */
/*
 * tools.h: the tools that may watch the program: AddressSanitizer, ThreadSanitizer and Valgrind.
 *
 * The sanitizers' functions are weak references, there if the program has the sanitizer in it however
 * this library was built.
 */
#ifndef XD_GUEST_TOOLS_H
#define XD_GUEST_TOOLS_H

#include <stdbool.h>
#include <stddef.h>

#if defined(XD_HAVE_VALGRIND) && XD_HAVE_VALGRIND
#include <valgrind/memcheck.h>
#else
#define RUNNING_ON_VALGRIND                   0
#define VALGRIND_MAKE_MEM_DEFINED(at, size)   ((void)0)
#define VALGRIND_MAKE_MEM_UNDEFINED(at, size) ((void)0)
#define VALGRIND_STACK_REGISTER(low, high)    0
#define VALGRIND_STACK_DEREGISTER(id)         ((void)(id))
#define VALGRIND_STACK_CHANGE(id, low, high)  ((void)(id))
#define VALGRIND_DISABLE_ERROR_REPORTING      ((void)0)
#define VALGRIND_ENABLE_ERROR_REPORTING       ((void)0)
#endif

#if !defined(__GNUC__)
#error "the sanitizers' functions are found by weak references"
#endif
#define XD_WEAK __attribute__((weak))

void *__asan_region_is_poisoned(void *at, size_t n) XD_WEAK;
void __asan_get_shadow_mapping(size_t *scale, size_t *offset) XD_WEAK;
void __asan_report_load_n(void *at, size_t n) XD_WEAK;
void __asan_report_store_n(void *at, size_t n) XD_WEAK;
void __asan_unpoison_memory_region(const volatile void *at, size_t size) XD_WEAK;
void __sanitizer_start_switch_fiber(void **fake, const void *bottom, size_t size) XD_WEAK;
void __sanitizer_finish_switch_fiber(void *fake, const void **bottom, size_t *size) XD_WEAK;
void *__tsan_get_current_fiber(void) XD_WEAK;
void *__tsan_create_fiber(unsigned int flags) XD_WEAK;
void __tsan_destroy_fiber(void *fiber) XD_WEAK;
void __tsan_switch_to_fiber(void *fiber, unsigned int flags) XD_WEAK;

static inline bool xd_under_asan(void)
{
    return __asan_region_is_poisoned != NULL;
}

static inline bool xd_under_tsan(void)
{
    return __tsan_get_current_fiber != NULL;
}

static inline bool xd_under_valgrind(void)
{
    return RUNNING_ON_VALGRIND;
}

#endif
