/* SPDX-License-Identifier: MIT */
/*
 * sched.h: sched_op (hypercall 29).
 *
 * The old sched_op (hypercall 6) takes the reason of a shutdown as a plain number and knows only
 * the first three commands.
 */
#ifndef __XEN_PUBLIC_SCHED_H__
#define __XEN_PUBLIC_SCHED_H__

#include <xen/interface/event_channel.h>

#define SCHEDOP_yield           0 /* no argument */
#define SCHEDOP_block           1 /* no argument; unmasks upcalls, returns at the next event */
#define SCHEDOP_shutdown        2 /* sched_shutdown */
#define SCHEDOP_poll            3 /* sched_poll */
#define SCHEDOP_remote_shutdown 4 /* sched_remote_shutdown */
#define SCHEDOP_shutdown_code   5 /* sched_shutdown: only record the reason */
#define SCHEDOP_watchdog        6 /* sched_watchdog */
#define SCHEDOP_pin_override    7 /* sched_pin_override */

/* Reasons of a shutdown, for whoever looks after the domain. */
#define SHUTDOWN_poweroff   0
#define SHUTDOWN_reboot     1
#define SHUTDOWN_suspend    2
#define SHUTDOWN_crash      3
#define SHUTDOWN_watchdog   4
#define SHUTDOWN_soft_reset 5
#define SHUTDOWN_MAX        5

#ifndef __ASSEMBLY__

struct sched_shutdown {
    unsigned int reason; /* SHUTDOWN_* */
};
DEFINE_GUEST_HANDLE_STRUCT(sched_shutdown);

/* Wait until one of the ports is pending or the deadline comes.  Upcalls should be masked. */
struct sched_poll {
    GUEST_HANDLE(evtchn_port_t) ports;
    unsigned int nr_ports;
    uint64_t timeout; /* system time in ns; 0: no deadline */
};
DEFINE_GUEST_HANDLE_STRUCT(sched_poll);

struct sched_remote_shutdown {
    domid_t domain_id;
    unsigned int reason; /* SHUTDOWN_* */
};
DEFINE_GUEST_HANDLE_STRUCT(sched_remote_shutdown);

/* id 0 makes a watchdog and returns its number; a timeout of 0 stops it, any other re-arms it. */
struct sched_watchdog {
    uint32_t id;
    uint32_t timeout; /* s */
};
DEFINE_GUEST_HANDLE_STRUCT(sched_watchdog);

/* Stay on one physical CPU (dom0 only); a negative number ends it. */
struct sched_pin_override {
    int32_t pcpu;
};
DEFINE_GUEST_HANDLE_STRUCT(sched_pin_override);

#endif /* !__ASSEMBLY__ */

#endif /* __XEN_PUBLIC_SCHED_H__ */
