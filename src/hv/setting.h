/* SPDX-License-Identifier: MIT */
/*
 * setting.h: parameters of Xen's that its command line gives, and that hypfs_op can change later.
 *
 * Nothing else that is modelled depends on them.
 */
#ifndef XD_HV_SETTING_H
#define XD_HV_SETTING_H

#include "hv/hv.h"

enum xd_setting {
    XD_SETTING_TIMESTAMPS,
    XD_SETTING_GRANT_FRAMES,
    XD_SETTING_MAPTRACK_FRAMES,
    XD_SETTING_GUEST_LOGLVL,
    XD_SETTING_LOGLVL,
    XD_SETTING_PCID,
    XD_SETTING_EPT,
    XD_SETTINGS_PARSED,
    XD_SETTING_GLOBAL_PAGES = XD_SETTINGS_PARSED,
    XD_SETTING_CONSWITCH, /* texts from here on, by xd_settings.text */
    XD_SETTING_CRASH_DEBUGKEY,
    XD_SETTING_CRASH_HWDOM,
    XD_SETTING_CRASH_KEXECCMD,
    XD_SETTING_CRASH_PANIC,
    XD_SETTING_CRASH_WATCHDOG,
    XD_SETTINGS
};

enum { XD_PCID_OFF, XD_PCID_ON, XD_PCID_XPTI, XD_PCID_NOXPTI };
enum { XD_STAMP_NONE, XD_STAMP_DATE, XD_STAMP_DATEMS, XD_STAMP_BOOT, XD_STAMP_RAW };
enum { XD_LOG_NONE, XD_LOG_ERROR, XD_LOG_WARNING, XD_LOG_INFO, XD_LOG_ALL };

#define XD_SETTING_SIZE 128u /* of a text that a setting is given as */

/* What they are when (hv) has booted, by its command line. */
void xd_settings_init(struct xd_hv *hv);

const char *xd_setting_name(enum xd_setting which);

/*
 * Sets (which), which is below XD_SETTINGS_PARSED, as (text) says. XD_SETTING_BAD: it says nothing that is known, though
 * something may have changed; XD_SETTING_RANGE: a number that is too large.
 */
enum xd_setting_rc { XD_SETTING_DONE, XD_SETTING_BAD, XD_SETTING_RANGE };
enum xd_setting_rc xd_setting_parse(struct xd_hv *hv, enum xd_setting which, const char *text);

/* Its value as a text or, of global-pages, a byte; returns how many bytes. */
uint32_t xd_setting_tell(const struct xd_hv *hv, enum xd_setting which, char out[XD_SETTING_SIZE]);

/* Sets one of the texts to these (size) bytes, at most xd_setting_room() of them. */
void xd_setting_text(struct xd_hv *hv, enum xd_setting which, const char *text, uint32_t size);

/* How many bytes can be written to it at most. */
uint32_t xd_setting_room(enum xd_setting which);

#endif
