/* SPDX-License-Identifier: MIT */
/*
 * ours.c: the table of our own headers.
 *
 * Must not see Xen's: the names are the same.
 */
#include <xen/interface/callback.h>
#include <xen/interface/elfnote.h>
#include <xen/interface/errno.h>
#include <xen/interface/event_channel.h>
#include <xen/interface/features.h>
#include <xen/interface/grant_table.h>
#include <xen/interface/io/blkif.h>
#include <xen/interface/io/console.h>
#include <xen/interface/io/netif.h>
#include <xen/interface/io/protocols.h>
#include <xen/interface/io/ring.h>
#include <xen/interface/io/xenbus.h>
#include <xen/interface/io/xs_wire.h>
#include <xen/interface/memory.h>
#include <xen/interface/nmi.h>
#include <xen/interface/physdev.h>
#include <xen/interface/platform.h>
#include <xen/interface/sched.h>
#include <xen/interface/vcpu.h>
#include <xen/interface/version.h>
#include <xen/interface/xen.h>

#define ABI_FIRST
#include "abi.h"

static const struct abi_row rows[] = {
#include "names-arch.def"
#include "names-dom0.def"
#include "names-io.def"
#include "names.def"
};

const struct abi_table abi_ours = {rows, sizeof(rows) / sizeof(rows[0])};
