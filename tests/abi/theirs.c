/* SPDX-License-Identifier: MIT */
/*
 * theirs.c: the table of the headers that Xen installs.
 *
 * Must not see ours: the names are the same.  __XEN_TOOLS__ asks for the latest interface and all
 * operations.
 */
#define __XEN_TOOLS__ 1

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <xen/callback.h>
#include <xen/elfnote.h>
#include <xen/errno.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/io/blkif.h>
#include <xen/io/console.h>
#include <xen/io/netif.h>
#include <xen/io/protocols.h>
#include <xen/io/ring.h>
#include <xen/io/xenbus.h>
#include <xen/io/xs_wire.h>
#include <xen/memory.h>
#include <xen/nmi.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>
#include <xen/xen.h>

#define ABI_SECOND
#include "abi.h"

static const struct abi_row rows[] = {
#include "names-arch.def"
#include "names-dom0.def"
#include "names-io.def"
#include "names.def"
};

const struct abi_table abi_theirs = {rows, sizeof(rows) / sizeof(rows[0])};
