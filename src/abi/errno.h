/* SPDX-License-Identifier: MIT */
/* errno.h: Xen's error numbers, as guests see them negated in RAX. The host's own <errno.h> may
 * differ. */
#ifndef XD_ABI_ERRNO_H
#define XD_ABI_ERRNO_H

/* X(name, number) */
/* clang-format off */
#define XD_ERRNOS(X) \
    X(EPERM, 1) X(ENOENT, 2) X(ESRCH, 3) X(EIO, 5) X(ENXIO, 6) X(E2BIG, 7) X(EAGAIN, 11) \
    X(ENOMEM, 12) X(EACCES, 13) X(EFAULT, 14) X(EBUSY, 16) X(EEXIST, 17) X(ENODEV, 19) \
    X(EINVAL, 22) X(ENOSPC, 28) X(ERANGE, 34) X(EDOM, 33) X(ENOSYS, 38) X(ENODATA, 61) X(EOVERFLOW, 75) \
    X(ETIME, 62) X(EILSEQ, 84) X(EOPNOTSUPP, 95) X(EADDRNOTAVAIL, 99) X(ENOBUFS, 105)
/* clang-format on */

enum xd_errno {
#define X(name, nr) XD_##name = nr,
    XD_ERRNOS(X)
#undef X
};

#endif
