/* SPDX-License-Identifier: MIT */
/*
 * errno.h: error numbers of the interface, XEN_EPERM and so on; a hypercall returns them negated.
 *
 * They are fixed by the interface, whatever the host's own errno.h says.  XEN_ERRNO_LIST(X)
 * expands X(name, value) for each, name without its XEN_; X must paste or quote the name,
 * since the host may have made a macro of it.  As in Xen's header, defining
 * XEN_ERRNO(name, value) before an include expands the list in place.
 */
#ifndef __XEN_PUBLIC_ERRNO_H__
#define __XEN_PUBLIC_ERRNO_H__

/* EINTR and ERESTART never reach a guest. */
#define XEN_ERRNO_LIST(X) \
    X(EPERM, 1)           \
    X(ENOENT, 2)          \
    X(ESRCH, 3)           \
    X(EINTR, 4)           \
    X(EIO, 5)             \
    X(ENXIO, 6)           \
    X(E2BIG, 7)           \
    X(ENOEXEC, 8)         \
    X(EBADF, 9)           \
    X(ECHILD, 10)         \
    X(EAGAIN, 11)         \
    X(EWOULDBLOCK, 11)    \
    X(ENOMEM, 12)         \
    X(EACCES, 13)         \
    X(EFAULT, 14)         \
    X(EBUSY, 16)          \
    X(EEXIST, 17)         \
    X(EXDEV, 18)          \
    X(ENODEV, 19)         \
    X(ENOTDIR, 20)        \
    X(EISDIR, 21)         \
    X(EINVAL, 22)         \
    X(ENFILE, 23)         \
    X(EMFILE, 24)         \
    X(ENOSPC, 28)         \
    X(EROFS, 30)          \
    X(EMLINK, 31)         \
    X(EDOM, 33)           \
    X(ERANGE, 34)         \
    X(EDEADLK, 35)        \
    X(EDEADLOCK, 35)      \
    X(ENAMETOOLONG, 36)   \
    X(ENOLCK, 37)         \
    X(ENOSYS, 38)         \
    X(ENOTEMPTY, 39)      \
    X(ENODATA, 61)        \
    X(ETIME, 62)          \
    X(EBADMSG, 74)        \
    X(EOVERFLOW, 75)      \
    X(EILSEQ, 84)         \
    X(ERESTART, 85)       \
    X(ENOTSOCK, 88)       \
    X(EMSGSIZE, 90)       \
    X(EOPNOTSUPP, 95)     \
    X(EADDRINUSE, 98)     \
    X(EADDRNOTAVAIL, 99)  \
    X(ENOBUFS, 105)       \
    X(EISCONN, 106)       \
    X(ENOTCONN, 107)      \
    X(ETIMEDOUT, 110)     \
    X(ECONNREFUSED, 111)

#ifdef __ASSEMBLY__
#define __XEN_ERRNO_EQU(name, value) .equ XEN_##name, value;
XEN_ERRNO_LIST(__XEN_ERRNO_EQU)
#else
#define __XEN_ERRNO_ENUM(name, value) XEN_##name = (value),
enum xen_errno { XEN_ERRNO_LIST(__XEN_ERRNO_ENUM) };
#endif

#endif /* __XEN_PUBLIC_ERRNO_H__ */

#ifdef XEN_ERRNO
XEN_ERRNO_LIST(XEN_ERRNO)
#undef XEN_ERRNO
#endif
