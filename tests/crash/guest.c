/* guest.c - all that a virtual machine of test_powercut.py runs beside the daemon: the first process. It loads the modules, mounts the disk with the book, starts the daemon and hands every
 * connection that comes in over the network to the daemon's socket. It never stops: power is cut.
 *
 * From the kernel's command line: CLOCK=2025-03-03T10:00:00, and what shim.c reads. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PORT = 7000, STEP_US = 10000, TRIES = 6000, ONE_WAY = 2 };

static const char socket_path[] = "/run/s";

_Noreturn static void fail(const char *what)
{
	printf("GUEST FAILED: %s: %s\n", what, strerror(errno));
	fflush(stdout);
	for (;;)
		(void)pause();
}

static void mount_all(void)
{
	(void)mkdir("/dev", 0755);
	(void)mkdir("/proc", 0755);
	(void)mkdir("/run", 0755);
	(void)mkdir("/book", 0755);
	(void)mkdir("/tmp", 01777);
	if (mount("dev", "/dev", "devtmpfs", 0, NULL) != 0 || mount("proc", "/proc", "proc", 0, NULL) != 0)
		fail("mount");
	int console = open("/dev/console", O_RDWR);
	for (int fd = 0; console >= 0 && fd <= STDERR_FILENO; fd++)
		(void)dup2(console, fd);
}

/* Their names say in which order. */
static void load_modules(void)
{
	struct dirent **names;
	char path[512];
	int count = scandir("/modules", &names, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		if (names[i]->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof path, "/modules/%s", names[i]->d_name);
		int fd = open(path, O_RDONLY);
		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST))
			fail(path);
		(void)close(fd);
	}
}

static void mount_book(void)
{
	for (int i = 0; i < TRIES; i++) {
		if (mount("/dev/vda", "/book", "ext4", MS_NOATIME, NULL) == 0)
			return;
		(void)usleep(STEP_US);
	}
	fail("/dev/vda");
}

static void set_address(const char *name, const char *address, const char *mask)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq request = {0};
	struct sockaddr_in to = {.sin_family = AF_INET};

	(void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	for (int i = 0; ioctl(fd, SIOCGIFFLAGS, &request) != 0; i++) {
		if (i == TRIES)
			fail(name);
		(void)usleep(STEP_US);
	}
	request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
	struct ifreq up = request;
	(void)inet_pton(AF_INET, address, &to.sin_addr);
	memcpy(&request.ifr_addr, &to, sizeof to);
	if (ioctl(fd, SIOCSIFADDR, &request) != 0)
		fail("address");
	(void)inet_pton(AF_INET, mask, &to.sin_addr);
	memcpy(&request.ifr_addr, &to, sizeof to);
	if (ioctl(fd, SIOCSIFNETMASK, &request) != 0 || ioctl(fd, SIOCSIFFLAGS, &up) != 0)
		fail("interface");
	(void)close(fd);
}

static void start_daemon(void)
{
	const char *clock = getenv("CLOCK");

	if (fork() != 0)
		return;
	if (getenv("CRASH_SYNCHRONOUS") != NULL)
		(void)setenv("LD_PRELOAD", "/shim.so", 1);
	(void)execl(
		"/followupd", "followupd", "-c", "/conf/followupd.conf", "-f", "--test-clock", clock != NULL ? clock : "", (char *)NULL);
	fail("/followupd");
}

static int connect_daemon(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(address.sun_path, socket_path, sizeof socket_path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

/* Copies from one end to the other until the first has no more. */
static void *copy(void *argument)
{
	int *ends = argument;
	char bytes[16384];
	ssize_t length;

	while ((length = read(ends[0], bytes, sizeof bytes)) > 0)
		for (ssize_t done = 0, part; done < length; done += part)
			if ((part = write(ends[1], bytes + done, (size_t)(length - done))) <= 0)
				break;
	(void)shutdown(ends[0], SHUT_RD);
	(void)shutdown(ends[1], SHUT_WR);
	free(ends);
	return NULL;
}

static void bridge(int from, int to)
{
	pthread_t thread;
	int *ends = malloc(ONE_WAY * sizeof *ends);

	if (ends != NULL) {
		ends[0] = from;
		ends[1] = to;
	}
	if (ends == NULL || pthread_create(&thread, NULL, copy, ends) != 0)
		fail("thread");
	(void)pthread_detach(thread);
}

int main(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};

	mount_all();
	(void)signal(SIGPIPE, SIG_IGN);
	load_modules();
	mount_book();
	set_address("lo", "127.0.0.1", "255.0.0.0");
	set_address("eth0", "10.0.2.15", "255.255.255.0");
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 64) != 0)
		fail("listen");
	start_daemon();
	for (int i = 0, fd; (fd = connect_daemon()) < 0; i++) {
		if (i == TRIES || waitpid(-1, NULL, WNOHANG) > 0)
			fail("the daemon");
		(void)usleep(STEP_US);
	}
	printf("GUEST READY\n");
	fflush(stdout);
	for (;;) {
		int from = accept(listener, NULL, NULL);
		int to = from >= 0 ? connect_daemon() : -1;
		if (to >= 0) {
			bridge(from, to);
			bridge(to, from);
		} else if (from >= 0) {
			(void)close(from);
		}
	}
}
