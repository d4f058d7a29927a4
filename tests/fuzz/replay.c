/* SPDX-License-Identifier: Apache-2.0
 *
 * replay.c - main() of a fuzz target without a fuzzer: feeds it every file of the folders that are named, and fails where there is none.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>

/* Exactly as large as the file, so that reading past it is seen. */
static void replay(const char *path)
{
	FILE *file = fopen(path, "re");
	if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
		perror(path);
		exit(1);
	}
	size_t size = (size_t)ftell(file);
	uint8_t *data = malloc(size);
	rewind(file);
	if (fread(data, 1, size, file) != size) {
		perror(path);
		exit(1);
	}
	fclose(file);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
}

int main(int argc, char **argv)
{
	unsigned files = 0;
	for (int i = 1; i < argc; i++) {
		struct dirent **entries;
		int count = scandir(argv[i], &entries, NULL, alphasort);
		for (int j = 0; j < count; j++) {
			char path[1024];
			snprintf(path, sizeof path, "%s/%s", argv[i], entries[j]->d_name);
			if (entries[j]->d_type != DT_DIR) {
				/* Said beforehand: of a file that ends the program the name is known. */
				printf("%s\n", entries[j]->d_name);
				fflush(stdout);
				replay(path);
				files++;
			}
			free(entries[j]);
		}
		if (count >= 0) {
			free(entries);
		}
	}
	printf("%u files\n", files);
	return files > 0 ? 0 : 1;
}
