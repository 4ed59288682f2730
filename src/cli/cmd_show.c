/* SPDX-License-Identifier: MIT */
/* cmd_show.c: says what is in the file of a machine; that is read by nobody else but xd_load. */
#define _GNU_SOURCE
#include "cli/cli.h"

#include "hv/evtchn.h"
#include "hv/frame.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void show_ports(struct xd_domain *d)
{
    for (uint32_t port = 1; port < d->ports_valid; port++) {
        const struct xd_port *p = xd_port_find(d, port);

        if (!xd_port_usable(p))
            continue;
        printf("    port %" PRIu32 ": %s", port, xd_port_state_name(p->state));
        if (p->state == XD_PORT_UNBOUND)
            printf(", waits for d%u", p->remote_dom);
        else if (p->state == XD_PORT_INTERDOMAIN)
            printf(" with port %" PRIu32 " of d%u", p->remote_port, p->remote_dom);
        else if (p->state == XD_PORT_VIRQ)
            printf(" %" PRIu32, p->virq);
        printf(", vCPU %u%s%s\n", p->notify_vcpu, xd_port_is_pending(d, port) ? ", pending" : "",
               xd_port_is_masked(d, port) ? ", masked" : "");
    }
}

static void show_vcpu(struct xd_vcpu *v)
{
    static const char *const states[] = {"running", "blocked", "down", "shut down", "paused"};

    printf("    vCPU %" PRIu32 ": %s", v->id, states[xd_vcpu_state(v)]);
    if (v->cr3.v)
        printf(", cr3 in frame 0x%" PRIx64, v->cr3.v);
    if (!v->down)
        printf(", in %s mode at 0x%" PRIx64 ", stack 0x%" PRIx64 ", flags 0x%" PRIx64,
               v->kernel_mode ? "kernel" : "user", v->regs.rip, v->regs.rsp, v->regs.rflags);
    printf("%s%s%s\n", v->nmi_pending ? ", an NMI is pending" : "",
           xd_continuing(v) ? ", in the middle of a list of calls" : "",
           xd_upcall_due(v) ? ", an upcall is due" : "");
}

static void show_domain(struct xd_domain *d)
{
    printf("  d%u%s: %" PRIu32 " pages", d->domid,
           d->hardware     ? ", control domain of the hardware"
           : d->privileged ? ", control domain"
                           : "",
           d->pages);
    if (d->dying)
        printf(", destroyed, but for frames that others map");
    if (d->shut_down)
        printf(", shut down with code %d", d->shutdown_code);
    putchar('\n');
    for (uint32_t id = 0; id < d->vcpus; id++)
        show_vcpu(&d->vcpu[id]);
    show_ports(d);
}

static int show(const char *path)
{
    struct xd_hv *hv;
    char *error;

    if (xd_load(&hv, path, &error)) {
        xd_complain("%s", error);
        free(error);
        return XD_UNUSABLE;
    }
    printf("%s: digest %016" PRIx64 "\n", path, xd_digest(hv));
    printf("  %" PRIu32 " frames, %" PRIu32 " of them free; %" PRIu64 ".%09" PRIu64 " s%s\n",
           hv->frames, hv->frames_free, hv->now_ns / 1000000000, hv->now_ns % 1000000000,
           hv->off ? "; off" : "");
    for (uint32_t i = 0; i < hv->config.domains_max; i++)
        if (hv->domain[i].used)
            show_domain(&hv->domain[i]);
    xd_hv_destroy(hv);
    return XD_PASSED;
}

static int show_all(int argc, char **argv)
{
    static const struct option longs[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int o, code = XD_PASSED;

    while ((o = getopt_long(argc, argv, "h", longs, NULL)) != -1)
        return xd_usage(&xd_cmd_show, o == 'h');
    if (optind == argc) {
        xd_complain("show: which files?");
        return xd_usage(&xd_cmd_show, false);
    }
    for (int i = optind; i < argc; i++)
        if (show(argv[i]))
            code = XD_UNUSABLE;
    return xd_flush(code);
}

const struct xd_command xd_cmd_show = {
    .name = "show",
    .summary = "say what is in the file of a machine",
    .run = show_all,
    .usage =
        "usage: xendouble show FILE...\n\n"
        "Reads machines that `xendouble replay --save` or xd_save() wrote, and says what is in them: a digest, by which\n"
        "equal machines are known, frames, time, domains, their vCPUs and bound ports. What is damaged, or is no sound\n"
        "machine, is refused, with the place.\n\n"
        "exit codes: 0 fine, 2 bad usage or a file that can't be read or is no machine\n",
};
