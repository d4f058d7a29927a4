/* SPDX-License-Identifier: Apache-2.0
 *
 * Contacts: what the contract says is all, but that a person may ask to be forgotten.
 */
#include "server/domain/domain.h"

static const struct method_row methods[] = {{"/kam.v1.ContactService/EraseContact", engine_erase, NULL}};

const struct domain domain_contact = {.methods = methods, .methods_count = 1};
