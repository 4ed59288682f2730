/* SPDX-License-Identifier: MIT */
/*
 * oracle_find.c: finds QEMU, Xen, and our own parts of the oracle.
 *
 * Each by its option, else its environment variable, else where it is expected. A Xen that is packed by gzip, as Debian
 * installs it, is unpacked into memory.
 */
#define _GNU_SOURCE
#include "cli/oracle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { QEMU, XEN, KERNEL, RUNNER, UNPACKED };

static const struct {
    const char *what, *env, *how;
} parts_rows[] = {
    [QEMU] = {"QEMU (qemu-system-x86_64)", "XENDOUBLE_QEMU",
              "on Debian: apt-get install qemu-system-x86; or name it by --qemu or XENDOUBLE_QEMU"},
    [XEN] =
        {"the Xen hypervisor", "XENDOUBLE_XEN",
         "on Debian, without installing it: apt-get download xen-hypervisor-4.17-amd64; "
         "dpkg-deb -x xen-hypervisor-4.17-amd64_*.deb DIR; then --xen DIR/boot/xen-4.17-amd64.gz "
         "(or XENDOUBLE_XEN)"},
    [KERNEL] =
        {"the oracle's kernel (oracle-kernel.elf)", "XENDOUBLE_ORACLE_KERNEL",
         "it is built on x86-64 Linux, with -Doracle=enabled; name it by --kernel or XENDOUBLE_ORACLE_KERNEL"},
    [RUNNER] =
        {"the oracle's runner (xendouble-oracle)", "XENDOUBLE_ORACLE_RUNNER",
         "it is built on x86-64 Linux, with -Doracle=enabled; name it by --runner or XENDOUBLE_ORACLE_RUNNER"},
};

static char *joined(const char *dir, const char *name)
{
    struct xd_str s = {0};

    xd_str_addf(&s, "%s/%s", dir, name);
    return s.text;
}

/* As access() says, and no directory. */
static bool usable(const char *path, int how)
{
    struct stat st;

    if (access(path, how) || stat(path, &st))
        return false;
    errno = EISDIR;
    return !S_ISDIR(st.st_mode);
}

/* The usable file (name) in (dir), or NULL. */
static char *there(const char *dir, const char *name, int how)
{
    char *path = joined(dir, name);

    if (usable(path, how))
        return path;
    free(path);
    return NULL;
}

static char *in_path(const char *name)
{
    const char *dirs = getenv("PATH");
    char *found = NULL;

    for (const char *end; dirs && *dirs && !found; dirs = *end ? end + 1 : end) {
        struct xd_str dir = {0};

        end = strchrnul(dirs, ':');
        xd_str_addn(&dir, dirs, (size_t)(end - dirs));
        found = there(dir.len ? xd_str_text(&dir) : ".", name, X_OK);
        xd_str_free(&dir);
    }
    return found;
}

/* Beside the command, where the build puts it, or where the installation does. */
static char *of_ours(const char *name, int how)
{
    static const char *const from_here[] = {".", "../../oracle", ("../" XD_LIBEXECDIR)};
    char me[4096], *found = NULL;
    ssize_t n = readlink("/proc/self/exe", me, sizeof(me) - 1);

    if (n > 0) {
        me[n] = '\0';
        *strrchr(me, '/') = '\0';
        for (size_t i = 0; i < XD_ARRAY_SIZE(from_here) && !found; i++) {
            char *dir = joined(me, from_here[i]);

            found = there(dir, name, how);
            free(dir);
        }
    }
    return found ? found : there(XD_LIBEXEC_PATH, name, how);
}

static char *expected(int part)
{
    char *path;

    switch (part) {
    case QEMU: return in_path("qemu-system-x86_64");
    case XEN:
        path = there("/boot", "xen-4.17-amd64", R_OK);
        return path ? path : there("/boot", "xen-4.17-amd64.gz", R_OK);
    case KERNEL: return of_ours("oracle-kernel.elf", R_OK);
    default: return of_ours("xendouble-oracle", X_OK);
    }
}

static bool find(struct xd_oracle_parts *parts, int part, const char **path)
{
    const char *env = getenv(parts_rows[part].env);

    if (!*path && env && *env)
        *path = env;
    parts->named[part] = *path;
    if (!*path)
        *path = parts->found[part] = expected(part);
    if (!*path)
        xd_complain("%s was not found; %s", parts_rows[part].what, parts_rows[part].how);
    else if (part == QEMU && !strchr(*path, '/')) /* a name, as a shell takes it */
        *path = (parts->found[part] = in_path(*path)) ? parts->found[part] : *path;
    if (*path && !usable(*path, part == QEMU || part == RUNNER ? X_OK : R_OK)) {
        xd_complain("%s: %s: %s; %s", parts_rows[part].what, *path, strerror(errno),
                    parts_rows[part].how);
        return false;
    }
    return *path != NULL;
}

static bool gunzip(const char *path, int to)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        dup2(to, STDOUT_FILENO);
        execlp("gzip", "gzip", "-dc", "--", path, (char *)NULL);
        _exit(127);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return pid > 0 && status == 0;
}

/*
 * Into a file that no directory has, so that nothing is left behind, whatever ends us. Workers, runners and QEMU inherit it, and
 * it has this name in each of them.
 */
static bool unpack(struct xd_oracle_parts *parts)
{
    int fd = memfd_create("xendouble-xen", 0);
    struct xd_str name = {0};
    bool ok;

    if (fd < 0) {
        xd_complain("%s: there is no room to unpack it: %s", parts->xen, strerror(errno));
        return false;
    }
    parts->unpacked = fd;
    ok = gunzip(parts->xen, fd);
    if (!ok)
        xd_complain("%s: gzip could not unpack it", parts->xen);
    parts->packed = parts->xen;
    xd_str_addf(&name, "/dev/fd/%d", fd);
    parts->xen = parts->found[UNPACKED] = name.text;
    return ok;
}

/* QEMU starts what is an ELF file. */
static bool startable(struct xd_oracle_parts *parts)
{
    for (int again = 0; again < 2; again++) {
        unsigned char magic[4] = {0};
        int fd = open(parts->xen, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, magic, sizeof(magic));

        if (fd >= 0)
            close(fd);
        if (n == 4 && !memcmp(magic, "\177ELF", 4))
            return true;
        if (again || n < 2 || magic[0] != 0x1f || magic[1] != 0x8b)
            break;
        if (!unpack(parts))
            return false;
    }
    xd_complain(
        "%s is no hypervisor that QEMU can start: neither an ELF file nor one packed by gzip; %s",
        parts->xen, parts_rows[XEN].how);
    return false;
}

int xd_oracle_find(struct xd_oracle_parts *parts)
{
    bool qemu = find(parts, QEMU, &parts->qemu), xen = find(parts, XEN, &parts->xen);

    if (!qemu || !xen)
        return XD_ORACLE_MISSING;
    if (!startable(parts))
        return XD_UNUSABLE;
    return find(parts, KERNEL, &parts->kernel) && find(parts, RUNNER, &parts->runner)
               ? 0
               : XD_ORACLE_MISSING;
}

void xd_oracle_parts_free(struct xd_oracle_parts *parts)
{
    if (parts->packed)
        close(parts->unpacked);
    for (size_t i = 0; i < XD_ARRAY_SIZE(parts->found); i++)
        free(parts->found[i]);
}
