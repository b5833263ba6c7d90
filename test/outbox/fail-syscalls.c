/* A disk that fails with EIO. Loaded with LD_PRELOAD; while the file FAIL_WHILE exists, what FAIL names (`sync`, `write` or `read`) fails for
   the files of FAIL_FOLDER whose names end as FAIL_FILE says; reads, only of what is at FAIL_FROM or behind it. With `hang`, a sync of these
   files does not return meanwhile, and there is a file FAIL_WHILE.reached. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static int fails(const char *what, int fd) {
  const char *folder = getenv("FAIL_FOLDER"), *wanted = getenv("FAIL"), *file = getenv("FAIL_WHILE"), *end = getenv("FAIL_FILE");
  char link[64], path[4096];
  if (folder == NULL || wanted == NULL || file == NULL || strcmp(what, wanted) != 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  size_t ending = end == NULL ? 0 : strlen(end);
  if (ending > (size_t)length || memcmp(path + length - ending, end == NULL ? "" : end, ending) != 0) return 0;
  if (strncmp(path, folder, strlen(folder)) != 0 || syscall(SYS_faccessat, -100, file, 0, 0) != 0) return 0;
  errno = EIO;
  return 1;
}

static int read_fails(int fd, size_t length, off64_t offset) {
  const char *from = getenv("FAIL_FROM");
  return offset + (off64_t)length > (from == NULL ? 0 : atol(from)) && fails("read", fd);
}

static int sync_fails(int fd) {
  char reached[4096];
  while (fails("hang", fd)) {
    snprintf(reached, sizeof reached, "%s.reached", getenv("FAIL_WHILE"));
    close(open(reached, O_CREAT | O_WRONLY, 0600));
    usleep(10000);
  }
  return fails("sync", fd);
}

int fsync(int fd) { return sync_fails(fd) ? -1 : (int)syscall(SYS_fsync, fd); }
int fdatasync(int fd) { return sync_fails(fd) ? -1 : (int)syscall(SYS_fdatasync, fd); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  return fails("write", fd) ? -1 : syscall(SYS_pwrite64, fd, bytes, length, offset);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return pwrite64(fd, bytes, length, offset); }
ssize_t write(int fd, const void *bytes, size_t length) {
  return fails("write", fd) ? -1 : syscall(SYS_write, fd, bytes, length);
}
ssize_t pread64(int fd, void *bytes, size_t length, off64_t offset) {
  return read_fails(fd, length, offset) ? -1 : syscall(SYS_pread64, fd, bytes, length, offset);
}
ssize_t pread(int fd, void *bytes, size_t length, off_t offset) { return pread64(fd, bytes, length, offset); }
ssize_t read(int fd, void *bytes, size_t length) {
  return read_fails(fd, length, lseek64(fd, 0, SEEK_CUR)) ? -1 : syscall(SYS_read, fd, bytes, length);
}
