/* SPDX-License-Identifier: Apache-2.0
 */
#include "common/base/network.h"

#include <arpa/inet.h>
#include <string.h>

enum { IPV6_NETWORK_BYTES = 8 };

struct network network_of(const char *address)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct network network = {{0}};
	if (inet_pton(AF_INET, address, network.bytes + sizeof mapped) == 1) {
		memcpy(network.bytes, mapped, sizeof mapped);
	} else if (inet_pton(AF_INET6, address, network.bytes) == 1) {
		if (memcmp(network.bytes, mapped, sizeof mapped) != 0) {
			memset(network.bytes + IPV6_NETWORK_BYTES, 0, sizeof network.bytes - IPV6_NETWORK_BYTES);
		}
	} else {
		memset(network.bytes, 0, sizeof network.bytes);
	}
	return network;
}
