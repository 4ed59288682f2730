/* SPDX-License-Identifier: MIT */
/* records.h: Xen's frame records as frames of the view: only those that changed are read. */
#ifndef XD_ORACLE_RECORDS_H
#define XD_ORACLE_RECORDS_H

#include "machine.h"

#include "hv/hv.h"

/* A program begins: (hv) shows the frames of (machine), as they were last looked at. */
void xd_records_begin(struct xd_hv *hv, struct xd_machine *machine);

/* The record of (mfn), and those beside it, may change by any call. */
void xd_records_lively(uint64_t mfn);

/* Looks at the lively ones, and those found so; (all): wherever they are. */
void xd_records_look(bool all);

#endif
