/* SPDX-License-Identifier: MIT */
/* says.h: texts that must hold some words, and a call that can be refused in many ways. */
#ifndef XD_TESTS_SAYS_H
#define XD_TESTS_SAYS_H

#include "xendouble/check.h"

#include <stdlib.h>
#include <string.h>
#include <xen/interface/event_channel.h>

/* Frees it. */
static inline void says(char *text, const char *what)
{
    ck_assert_msg(strstr(text, what) != NULL, "\"%s\" does not stand in: %s", what, text);
    free(text);
}

static inline int send_to(evtchn_port_t port)
{
    struct evtchn_send op = {.port = port};

    return HYPERVISOR_event_channel_op(EVTCHNOP_send, &op);
}

#endif
