/* SPDX-License-Identifier: MIT */
/*
 * mem.c: libc's memory functions without vector registers; see vectorless.h.
 *
 * Compiled without builtins, so that the compiler does not see memcpy in these loops.
 */
#include <stddef.h>
#include <stdint.h>

void *xd_memcpy(void *dst, const void *src, size_t n);
void *xd_memmove(void *dst, const void *src, size_t n);
void *xd_memset(void *dst, int c, size_t n);
int xd_memcmp(const void *a, const void *b, size_t n);
void *xd_memchr(const void *s, int c, size_t n);
size_t xd_strlen(const char *s);
char *xd_strncpy(char *dst, const char *src, size_t n);

#define REP_FROM 128 /* below, starting a `rep` costs more than it saves */

/* Unaligned words that alias everything. */
typedef uint64_t __attribute__((may_alias, aligned(1))) word;
typedef uint32_t __attribute__((may_alias, aligned(1))) half;
typedef uint16_t __attribute__((may_alias, aligned(1))) pair;

/* Keeps a loop from being taken for the function that it is in. */
#define STAY_A_LOOP() __asm__ volatile("")

void *xd_memcpy(void *dst, const void *src, size_t n)
{
    unsigned char *d = dst;
    const unsigned char *s = src;

    if (n >= REP_FROM) {
        __asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
    } else if (n >= 8) {
        word last = *(const word *)(const void *)(s + n - 8);

        for (size_t i = 0; i + 8 < n; i += 8) {
            *(word *)(void *)(d + i) = *(const word *)(const void *)(s + i);
            STAY_A_LOOP();
        }
        *(word *)(void *)(d + n - 8) = last;
    } else if (n >= 4) {
        half first = *(const half *)src, last = *(const half *)(const void *)(s + n - 4);

        *(half *)dst = first;
        *(half *)(void *)(d + n - 4) = last;
    } else if (n >= 2) {
        pair first = *(const pair *)src;
        unsigned char last = s[n - 1];

        *(pair *)dst = first;
        d[n - 1] = last;
    } else if (n) {
        *d = *s;
    }
    return dst;
}

void *xd_memmove(void *dst, const void *src, size_t n)
{
    unsigned char *d = dst;
    const unsigned char *s = src;

    if ((uintptr_t)d - (uintptr_t)s >= n)
        return xd_memcpy(dst, src, n);
    while (n--) {
        d[n] = s[n];
        STAY_A_LOOP();
    }
    return dst;
}

void *xd_memset(void *dst, int c, size_t n)
{
    unsigned char *d = dst;
    uint64_t all = UINT64_C(0x0101010101010101) * (unsigned char)c;

    if (n >= REP_FROM) {
        __asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(c) : "memory");
        return dst;
    }
    for (; n >= 8; n -= 8, d += 8) {
        *(word *)(void *)d = all;
        STAY_A_LOOP();
    }
    for (; n; n--) {
        *d++ = (unsigned char)c;
        STAY_A_LOOP();
    }
    return dst;
}

int xd_memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;

    for (; n >= 32; n -= 32, x += 32, y += 32) {
        const word *v = (const word *)(const void *)x, *w = (const word *)(const void *)y;

        if ((v[0] ^ w[0]) | (v[1] ^ w[1]) | (v[2] ^ w[2]) | (v[3] ^ w[3]))
            break;
    }
    for (; n >= 8 && *(const word *)(const void *)x == *(const word *)(const void *)y; n -= 8)
        x += 8, y += 8;
    for (; n; n--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

void *xd_memchr(const void *s, int c, size_t n)
{
    const unsigned char *at = s;

    for (; n; n--, at++)
        if (*at == (unsigned char)c)
            return (void *)(uintptr_t)at;
    return NULL;
}

size_t xd_strlen(const char *s)
{
    const char *end = s;

    while (*end) {
        end++;
        STAY_A_LOOP();
    }
    return (size_t)(end - s);
}

char *xd_strncpy(char *dst, const char *src, size_t n)
{
    size_t i;

    for (i = 0; i < n && src[i]; i++) {
        dst[i] = src[i];
        STAY_A_LOOP();
    }
    xd_memset(dst + i, 0, n - i);
    return dst;
}
