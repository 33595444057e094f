/* Refuses the n-th call to the system that changes something below a folder; to be loaded before a program (LD_PRELOAD).
   What Python tells its auditors is only what Python does: polars, DuckDB and Arrow write by themselves. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char folder[PATH_MAX];
static size_t length;
static int at, wanted_errno = EIO;
static int seen;
static char events[65536][16];

void refuse_below(const char *path, int number, int error) {
    at = number;
    wanted_errno = error;
    __atomic_store_n(&seen, 0, __ATOMIC_SEQ_CST);
    snprintf(folder, sizeof folder, "%s", path);
    length = strlen(folder);
}

void refuse_nothing(void) { length = 0; }

int refused_of(void) { return seen; }

const char *refused_event(int number) { return number > 0 && number <= 65535 ? events[number] : ""; }

static int step(const char *event) {
    int number = __atomic_add_fetch(&seen, 1, __ATOMIC_SEQ_CST);
    if (number < 65536) snprintf(events[number], sizeof events[0], "%s", event);
    if (number != at) return 0;
    errno = wanted_errno;
    return 1;
}

/* A name below the folder, whichever folder it is told from. */
static int below(int place, const char *name) {
    char whole[PATH_MAX], link[64];
    if (!length || !name) return 0;
    if (name[0] == '/') return !strncmp(name, folder, length);
    if (place == AT_FDCWD) return getcwd(whole, sizeof whole) && !strncmp(whole, folder, length);
    snprintf(link, sizeof link, "/proc/self/fd/%d", place);
    ssize_t n = readlink(link, whole, sizeof whole - 1);
    if (n < 0) return 0;
    whole[n] = 0;
    return !strncmp(whole, folder, length);
}

static int open_below(int fd) { return below(fd, "."); }

#define ON_FD(type, name, fd, parameters, arguments) \
    type name parameters { \
        static type (*real) parameters; \
        if (!real) real = dlsym(RTLD_NEXT, #name); \
        if (length && open_below(fd) && step(#name)) return -1; \
        return real arguments; \
    }
#define ON_NAMES(name, test, parameters, arguments) \
    int name parameters { \
        static int (*real) parameters; \
        if (!real) real = dlsym(RTLD_NEXT, #name); \
        if (length && (test) && step(#name)) return -1; \
        return real arguments; \
    }
#define WRITES(flags) ((flags) & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC))
#define OPENS(name, parameters, place, arguments) \
    int name parameters { \
        static int (*real) parameters; \
        mode_t mode = 0; \
        if (!real) real = dlsym(RTLD_NEXT, #name); \
        if (flags & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); } \
        if (length && WRITES(flags) && below(place, path) && step("open")) return -1; \
        return real arguments; \
    }

OPENS(open, (const char *path, int flags, ...), AT_FDCWD, (path, flags, mode))
OPENS(open64, (const char *path, int flags, ...), AT_FDCWD, (path, flags, mode))
OPENS(openat, (int place, const char *path, int flags, ...), place, (place, path, flags, mode))
OPENS(openat64, (int place, const char *path, int flags, ...), place, (place, path, flags, mode))

ON_FD(ssize_t, write, fd, (int fd, const void *data, size_t n), (fd, data, n))
ON_FD(ssize_t, writev, fd, (int fd, const struct iovec *data, int n), (fd, data, n))
ON_FD(ssize_t, pwrite, fd, (int fd, const void *data, size_t n, off_t where), (fd, data, n, where))
ON_FD(ssize_t, pwrite64, fd, (int fd, const void *data, size_t n, off64_t where), (fd, data, n, where))
ON_FD(int, fsync, fd, (int fd), (fd))
ON_FD(int, fdatasync, fd, (int fd), (fd))
ON_FD(int, ftruncate, fd, (int fd, off_t n), (fd, n))
ON_FD(int, ftruncate64, fd, (int fd, off64_t n), (fd, n))
ON_FD(int, fchmod, fd, (int fd, mode_t mode), (fd, mode))
ON_FD(ssize_t, sendfile, out, (int out, int in, off_t *from, size_t n), (out, in, from, n))
ON_FD(ssize_t, sendfile64, out, (int out, int in, off64_t *from, size_t n), (out, in, from, n))
ON_FD(ssize_t, copy_file_range, out, (int in, off64_t *a, int out, off64_t *b, size_t n, unsigned flags), (in, a, out, b, n, flags))

ON_NAMES(mkdir, below(AT_FDCWD, path), (const char *path, mode_t mode), (path, mode))
ON_NAMES(mkdirat, below(place, path), (int place, const char *path, mode_t mode), (place, path, mode))
ON_NAMES(rmdir, below(AT_FDCWD, path), (const char *path), (path))
ON_NAMES(unlink, below(AT_FDCWD, path), (const char *path), (path))
ON_NAMES(unlinkat, below(place, path), (int place, const char *path, int flags), (place, path, flags))
ON_NAMES(chmod, below(AT_FDCWD, path), (const char *path, mode_t mode), (path, mode))
ON_NAMES(fchmodat, below(place, path), (int place, const char *path, mode_t mode, int flags), (place, path, mode, flags))
ON_NAMES(rename, below(AT_FDCWD, a) || below(AT_FDCWD, b), (const char *a, const char *b), (a, b))
ON_NAMES(renameat, below(x, a) || below(y, b), (int x, const char *a, int y, const char *b), (x, a, y, b))
ON_NAMES(renameat2, below(x, a) || below(y, b), (int x, const char *a, int y, const char *b, unsigned flags), (x, a, y, b, flags))
ON_NAMES(link, below(AT_FDCWD, b), (const char *a, const char *b), (a, b))
ON_NAMES(linkat, below(y, b), (int x, const char *a, int y, const char *b, int flags), (x, a, y, b, flags))
ON_NAMES(symlink, below(AT_FDCWD, b), (const char *a, const char *b), (a, b))
ON_NAMES(symlinkat, below(y, b), (const char *a, int y, const char *b), (a, y, b))
