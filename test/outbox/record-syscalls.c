/* Records what is done to the files of one folder, in the order it is done: every write with its bytes, every sync, every change of a name. Loaded
   with LD_PRELOAD; RECORD_FOLDER and RECORD_TO say where. A record is a line, `what file offset length`, and the bytes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int out = -1;

static const char *in_folder(const char *path) {
  const char *folder = getenv("RECORD_FOLDER");
  size_t length = folder == NULL ? 0 : strlen(folder);
  if (length == 0 || path == NULL || strncmp(path, folder, length) != 0) return NULL;
  if (path[length] == 0) return ".";
  return path[length] == '/' ? path + length + 1 : NULL;
}

static const char *name_of(int fd, char *buffer, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, buffer, size - 1);
  if (length < 0) return NULL;
  buffer[length] = 0;
  return in_folder(buffer);
}

static void all(const void *bytes, size_t length) {
  const char *at = bytes;
  while (length > 0) {
    ssize_t written = syscall(SYS_write, out, at, length);
    if (written <= 0) abort();
    at += written;
    length -= (size_t)written;
  }
}

static void note(const char *what, const char *name, long long offset, const void *bytes, size_t length) {
  char line[512];
  if (name == NULL) return;
  int size = snprintf(line, sizeof line, "%s %s %lld %zu\n", what, name, offset, length);
  pthread_mutex_lock(&lock);
  if (out < 0) out = (int)syscall(SYS_openat, AT_FDCWD, getenv("RECORD_TO"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  all(line, (size_t)size);
  if (bytes != NULL) all(bytes, length);
  pthread_mutex_unlock(&lock);
}

#define REAL(type, name) static type real; if (real == NULL) real = (type)dlsym(RTLD_NEXT, name)
#define NAME(fd) char path[4096]; const char *name = name_of(fd, path, sizeof path)

typedef ssize_t (*pwrite_type)(int, const void *, size_t, off64_t);
typedef ssize_t (*write_type)(int, const void *, size_t);
typedef int (*fd_type)(int);
typedef int (*truncate_type)(int, off64_t);
typedef int (*path_type)(const char *);
typedef int (*rename_type)(const char *, const char *);
typedef int (*open_type)(const char *, int, ...);

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  REAL(pwrite_type, "pwrite64");
  NAME(fd);
  ssize_t written = real(fd, bytes, length, offset);
  if (written > 0) note("write", name, offset, bytes, (size_t)written);
  return written;
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return pwrite64(fd, bytes, length, offset); }

ssize_t write(int fd, const void *bytes, size_t length) {
  REAL(write_type, "write");
  NAME(fd);
  ssize_t written = real(fd, bytes, length);
  if (written > 0 && name != NULL) note("write", name, lseek64(fd, 0, SEEK_CUR) - written, bytes, (size_t)written);
  return written;
}

int ftruncate64(int fd, off64_t length) {
  REAL(truncate_type, "ftruncate64");
  NAME(fd);
  int done = real(fd, length);
  if (done == 0) note("truncate", name, length, NULL, 0);
  return done;
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

int fsync(int fd) {
  REAL(fd_type, "fsync");
  NAME(fd);
  int done = real(fd);
  if (done == 0) note("sync", name, 0, NULL, 0);
  return done;
}

int fdatasync(int fd) {
  REAL(fd_type, "fdatasync");
  NAME(fd);
  int done = real(fd);
  if (done == 0) note("sync", name, 0, NULL, 0);
  return done;
}

int unlink(const char *path) {
  REAL(path_type, "unlink");
  int done = real(path);
  if (done == 0) note("unlink", in_folder(path), 0, NULL, 0);
  return done;
}

int rename(const char *from, const char *to) {
  REAL(rename_type, "rename");
  int done = real(from, to);
  if (done == 0 && in_folder(to) != NULL) note("rename", in_folder(from), 0, in_folder(to), strlen(in_folder(to)));
  return done;
}

static int opened(open_type real, const char *path, int flags, mode_t mode) {
  int is_new = (flags & O_CREAT) != 0 && in_folder(path) != NULL && access(path, F_OK) != 0;
  int fd = real(path, flags, mode);
  if (fd >= 0 && is_new) note("create", in_folder(path), 0, NULL, 0);
  return fd;
}
#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    mode_t mode = 0; \
    if ((flags & O_CREAT) != 0) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); } \
    REAL(open_type, #name); \
    return opened(real, path, flags, mode); \
  }
OPEN(open)
OPEN(open64)
