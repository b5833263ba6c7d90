/* A disk that fails with EIO. Loaded with LD_PRELOAD; while the file FAIL_WHILE exists, what FAIL names (`sync` or `write`) fails for the
   files of FAIL_FOLDER. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static int fails(const char *what, int fd) {
  const char *folder = getenv("FAIL_FOLDER"), *wanted = getenv("FAIL"), *file = getenv("FAIL_WHILE");
  char link[64], path[4096];
  if (folder == NULL || wanted == NULL || file == NULL || strcmp(what, wanted) != 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  if (strncmp(path, folder, strlen(folder)) != 0 || syscall(SYS_faccessat, -100, file, 0, 0) != 0) return 0;
  errno = EIO;
  return 1;
}

int fsync(int fd) { return fails("sync", fd) ? -1 : (int)syscall(SYS_fsync, fd); }
int fdatasync(int fd) { return fails("sync", fd) ? -1 : (int)syscall(SYS_fdatasync, fd); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  return fails("write", fd) ? -1 : syscall(SYS_pwrite64, fd, bytes, length, offset);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return pwrite64(fd, bytes, length, offset); }
