/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/rpc/service.h"

#include "common/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_SOCKET = 3 /* SD_LISTEN_FDS_START */ };

/* A whole number above 0 from the environment; 0 where there is none. */
static int64_t number_of(const char *name)
{
	const char *text = getenv(name);
	char *end;
	errno = 0;
	long long number = text ? strtoll(text, &end, 10) : 0;
	return text && *text && !*end && errno == 0 && number > 0 ? number : 0;
}

int service_open(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (!path || !*path) {
		return -1;
	}
	size_t size = strlen(path);
	int service = -1, error = ENAMETOOLONG;
	if (size < sizeof address.sun_path) {
		memcpy(address.sun_path, path, size);
		if (*path == '@') {
			address.sun_path[0] = '\0'; /* an abstract one: unix(7) */
		}
		service = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		bool ok = service >= 0 && connect(service, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size)) == 0;
		error = ok ? 0 : errno;
	}
	if (error != 0) {
		log_event(LOG_WARN, "service_manager_unreachable", "socket", "%s", path, "message", "%s", strerror(error), NULL);
		if (service >= 0) {
			close(service);
		}
		return -1;
	}
	return service;
}

void service_tell(int service, const char *text)
{
	if (service >= 0 && send(service, text, strlen(text), MSG_NOSIGNAL) < 0) {
		log_event(LOG_WARN, "service_manager_unreachable", "message", "%s", strerror(errno), NULL);
	}
}

int64_t service_watchdog_us(void)
{
	int64_t process = number_of("WATCHDOG_PID");
	return process == 0 || process == getpid() ? number_of("WATCHDOG_USEC") : 0;
}

bool service_socket(int *ret_socket, struct status *st)
{
	int listening = 0, family = 0, type = 0;
	socklen_t size = sizeof listening;
	int64_t count = number_of("LISTEN_PID") == getpid() ? number_of("LISTEN_FDS") : 0;
	*ret_socket = -1;
	if (count == 0) {
		return true;
	}
	if (count > 1) {
		return status_fail(st, STATUS_FAILED_PRECONDITION, "SERVICE_SOCKET", "the service manager handed over %lld sockets; kamd serves one", (long long)count);
	}
	if (getsockopt(FIRST_SOCKET, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || getsockopt(FIRST_SOCKET, SOL_SOCKET, SO_DOMAIN, &family, &size) != 0 ||
	    getsockopt(FIRST_SOCKET, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || !listening || (family != AF_INET && family != AF_INET6) || type != SOCK_STREAM) {
		return status_fail(st, STATUS_FAILED_PRECONDITION, "SERVICE_SOCKET", "what the service manager handed over is no TCP socket that listens");
	}
	fcntl(FIRST_SOCKET, F_SETFD, FD_CLOEXEC);
	*ret_socket = FIRST_SOCKET;
	return true;
}
