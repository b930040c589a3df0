#include "followup/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A whole number above 0 from the environment; 0 when it is absent or is none. */
static uint64_t environment_number(const char *name)
{
	const char *text = getenv(name);
	char *end;
	unsigned long long value;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0')
		return 0;
	return (uint64_t)value;
}

/* Fills the address; its length, or 0 when NOTIFY_SOCKET is not one. */
static socklen_t notify_address(struct sockaddr_un *address)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t length;

	if (path == NULL || (path[0] != '/' && path[0] != '@'))
		return 0;
	length = strlen(path);
	if (length < 2 || length >= sizeof address->sun_path)
		return 0;
	memset(address, 0, sizeof *address);
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, path, length);
	if (path[0] == '@')
		address->sun_path[0] = '\0';
	else
		length++;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

int notify_send(const char *format, ...)
{
	struct sockaddr_un address;
	socklen_t address_length = notify_address(&address);
	char text[1024];
	va_list arguments;
	int length;
	int fd;
	ssize_t sent;

	if (address_length == 0)
		return 0;
	va_start(arguments, format);
	length = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof text)
		return ERR_INVALID;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return ERR_SYSTEM;
	sent = sendto(fd, text, (size_t)length, MSG_NOSIGNAL, (const struct sockaddr *)&address, address_length);
	(void)close(fd);
	return sent == length ? 1 : ERR_SYSTEM;
}

uint64_t notify_watchdog_us(void)
{
	uint64_t process = environment_number("WATCHDOG_PID");

	if (process != 0 && process != (uint64_t)getpid())
		return 0;
	return environment_number("WATCHDOG_USEC");
}

int notify_inherited(void)
{
	uint64_t process = environment_number("LISTEN_PID");
	uint64_t count = environment_number("LISTEN_FDS");

	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	if (process != (uint64_t)getpid())
		return 0;
	if (count > NOTIFY_FDS_MAX)
		return ERR_INVALID;
	for (int fd = NOTIFY_FIRST_FD; fd < NOTIFY_FIRST_FD + (int)count; fd++) {
		int flags = fcntl(fd, F_GETFD);
		if (flags < 0 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0)
			return ERR_SYSTEM;
	}
	return (int)count;
}
