// SPDX-License-Identifier: Apache-2.0
// kam.h as C++ reads it.
#include <kam/kam.h>
#include <cstring>

int main()
{
	kam_options options = {};
	kam_status status;
	options.server = "no port";
	kam *client = kam_open(&options, &status);
	return client == nullptr && status.code == KAM_INVALID_ARGUMENT && std::strcmp(kam_code_name(status.code), "INVALID_ARGUMENT") == 0 ? 0 : 1;
}
