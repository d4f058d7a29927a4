/* SPDX-License-Identifier: Apache-2.0
 *
 * import.h - the parts of kam import: the map, the rows, the report.
 */
#pragma once

#include "client/cli/cli.h"
#include "client/cli/csv.h"
#include "kam/v1/import.pb-c.h"

/* A map that comes with kam, as JSON of kam.v1.ImportMap. Generated from maps/. */
struct embedded_map {
	const char *name;
	struct bytes text;
};
extern const struct embedded_map embedded_maps[];
extern const size_t embedded_maps_count;

/* By the name of a map that comes with kam, or the path of a file. */
Kam__V1__ImportMap *import_map_load(struct cli *cli, const char *name, struct status *st);
/* The map of a file whose headings are fields of the resource ("account" or "parent" for what a row lies below, "id" for the last part of its name, scores.product-fit
 * for one of several). --key says which columns tell rows apart. */
Kam__V1__ImportMap *import_map_of_header(struct cli *cli, const struct schema_resource *resource, const struct csv_row *header, const char *file, struct status *st);
/* The columns that the map names are in the file, each once. */
bool import_map_check(struct cli *cli, const Kam__V1__ImportMap *map, const struct csv_row *header, const char *file, struct status *st);

/* ---- the report (import_report.c) ------------------------------------------------------------------------------------------------ */

struct import_report;

struct import_report *import_report_new(struct cli *cli, bool dry_run, struct status *st);
/* What the server said of rows. */
void import_report_add(struct import_report *report, const Kam__V1__ImportResponse *response);
/* A row that was not even sent; `column` is "" where it is the row as a whole. */
void import_report_bad_row(struct import_report *report, int64_t line, const char *column, const char *reason);
/* A line on the terminal, now and then: `share` of the file is read (as csv_progress gives it), which made `rows_read` rows. */
void import_report_progress(struct import_report *report, double share, int64_t rows_read);
/* Prints what is left to print; cli->exit_code says whether rows failed. */
bool import_report_end(struct import_report *report, struct status *st);
