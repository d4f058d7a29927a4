/* SPDX-License-Identifier: Apache-2.0
 *
 * The passwords that guessing begins with. The words are those that have led every published count of leaked passwords for years (the NCSC's of 2019,
 * NordPass's of each year since); which word is common is a fact, and no such list is copied here. One word stands for all that is made of it by digits and
 * signs at its ends and by the usual letters-for-signs (p@ssw0rd), which is what those lists consist of for the most part, and is how NIST SP 800-63B section
 * 3.1.1.2 means "derivatives".
 */
#include "server/access/password.h"

#include <ctype.h>
#include <string.h>

enum { TEXT_BYTES = 4 * LIMIT_PASSWORD_CHARACTERS_MAX + 1, OWN_BYTES_MIN = 3, TAIL_BYTES = 6, RUN_BYTES = 4, PART_BYTES = 6 };

static const char *const words[] = {
	"abc", "abcd", "access", "admin", "administrator", "alexander", "amanda", "andrea", "andrew", "angel", "anthony", "apple", "arsenal", "ashley",
	"asdf", "asdfgh", "babygirl", "bailey", "barcelona", "baseball", "basketball", "batman", "benjamin", "blink", "butterfly", "changeme", "charlie",
	"chelsea", "chocolate", "computer", "cookie", "corvette", "daniel", "default", "dragon", "elizabeth", "eminem", "football", "forever", "freedom",
	"friends", "fuckyou", "ginger", "google", "hannah", "harley", "hello", "hockey", "hunter", "iloveu", "iloveyou", "internet", "jasmine", "jennifer",
	"jessica", "jordan", "joshua", "justin", "killer", "letmein", "liverpool", "login", "london", "love", "loveme", "lovely", "master", "matthew",
	"maverick", "mercedes", "merlin", "michael", "michelle", "monkey", "mustang", "naruto", "nicole", "ninja", "oliver", "pass", "password", "passwort",
	"patrick", "pepper", "pokemon", "princess", "purple", "q1w2e3r4", "q1w2e3r4t5", "qazwsx", "qazwsxedc", "qwer", "qwert", "qwerty", "qwertz", "rainbow",
	"robert", "root", "samantha", "samsung", "secret", "secure", "service", "shadow", "slipknot", "snoopy", "soccer", "spiderman", "starwars", "steelers",
	"summer", "spring", "autumn", "winter", "sunshine", "superman", "superstar", "sysadmin", "system", "taylor", "temp", "test", "testing", "thomas",
	"thunder", "tigger", "trustno", "user", "victoria", "welcome", "whatever", "william", "yankees", "zxcvbn", "1q2w3e", "1q2w3e4r", "1q2w3e4r5t",
	"1qaz2wsx", "1qaz2wsx3edc", "zaq12wsx", "1234qwer", "a1b2c3", "a1b2c3d4", "aa123456", "asd123", "qwe123",
};

/* Keys that lie side by side, there and back. */
static const char *const rows[] = {
	"1234567890", "0123456789", "qwertyuiop", "qwertzuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm", "azertyuiop", "qsdfghjklm", "abcdefghijklmnopqrstuvwxyz",
	"!@#$%^&*()", "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
};

/* What stands for a letter in words written with signs. */
static char letter_for(char sign)
{
	static const char signs[] = "@4031!5$7", letters[] = "aaoeiisst";
	const char *at = sign ? strchr(signs, sign) : NULL;
	return at ? letters[at - signs] : sign;
}

static void fold(const char *text, bool signs, char ret_text[TEXT_BYTES])
{
	size_t i = 0;
	for (; text[i] && i < TEXT_BYTES - 1; i++) {
		char lower = (char)tolower((unsigned char)text[i]);
		ret_text[i] = signs ? letter_for(lower) : lower;
	}
	ret_text[i] = '\0';
}

static bool is_letter(char byte)
{
	return isalpha((unsigned char)byte) || (byte & 0x80);
}

/* Each letter or sign follows the one before on some row, always up or always down, or is the same. */
static bool is_run(const char *text, size_t size)
{
	if (memcmp(text, text + 1, size - 1) == 0) {
		return true;
	}
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t row = strlen(rows[i]), up = 0, down = 0;
		const char *at = strchr(rows[i], text[0]);
		size_t from = at ? (size_t)(at - rows[i]) : row;
		while (at && up < size && from + up < row && rows[i][from + up] == text[up]) {
			up++;
		}
		while (at && down < size && down <= from && rows[i][from - down] == text[down]) {
			down++;
		}
		if (up == size || down == size) {
			return true;
		}
	}
	return false;
}

/* A few such runs, one behind the other: qwerty12345. */
static bool is_runs(const char *text)
{
	size_t size = strlen(text), done = 0;
	while (done < size) {
		size_t run = size - done;
		while (run >= RUN_BYTES && !is_run(text + done, run)) {
			run--;
		}
		if (run < RUN_BYTES) {
			return false;
		}
		done += run;
	}
	return true;
}

/* A short beginning is repeated to the end. */
static bool repeats(const char *text)
{
	size_t size = strlen(text);
	for (size_t part = 1; part <= PART_BYTES && part * 2 <= size; part++) {
		if (memcmp(text, text + part, size - part) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_listed(const char *text, size_t size)
{
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strlen(words[i]) == size && memcmp(text, words[i], size) == 0) {
			return true;
		}
	}
	return false;
}

/* The text, or what of it is left without the digits and signs at its ends. */
static bool is_word(const char *text)
{
	size_t size = strlen(text);
	if (is_listed(text, size)) {
		return true;
	}
	for (; size > 0 && !is_letter(*text); size--) {
		text++;
	}
	while (size > 0 && !is_letter(text[size - 1])) {
		size--;
	}
	return is_listed(text, size);
}

/* The same where digits and signs within stand for letters. */
static bool is_spelled_word(const char *plain)
{
	char core[TEXT_BYTES], spelled[TEXT_BYTES];
	size_t size = strlen(plain);
	fold(plain, true, spelled);
	while (size > 0 && !is_letter(plain[size - 1])) {
		size--;
	}
	memcpy(core, spelled, size);
	core[size] = '\0';
	bool found = is_word(spelled) || is_word(core);
	sodium_memzero(core, sizeof core);
	sodium_memzero(spelled, sizeof spelled);
	return found;
}

/* Takes every occurrence of a word out of the text; false where there is none. */
static bool take_out(char *text, const char *word, size_t size)
{
	bool found = false;
	for (char *at = text; size >= OWN_BYTES_MIN && *at;) {
		if (strncmp(at, word, size) == 0) {
			memmove(at, at + size, strlen(at + size) + 1);
			found = true;
		} else {
			at++;
		}
	}
	return found;
}

/* The user's own words and kam's name, with little beside them: no letter, and not many digits or signs. */
static bool is_own(const char *folded, const char *const *own)
{
	char text[TEXT_BYTES], word[TEXT_BYTES];
	bool found = false;
	memcpy(text, folded, strlen(folded) + 1);
	for (size_t i = 0; own && own[i]; i++) {
		fold(own[i], false, word);
		for (char *rest, *part = strtok_r(word, " .,-_@/'", &rest); part; part = strtok_r(NULL, " .,-_@/'", &rest)) {
			found = take_out(text, part, strlen(part)) || found;
		}
	}
	found = take_out(text, "password", 8) || found;
	found = take_out(text, "kam", 3) || found;
	bool letters = false;
	for (const char *at = text; *at; at++) {
		letters = letters || is_letter(*at);
	}
	bool own_alone = found && !letters && strlen(text) <= TAIL_BYTES;
	sodium_memzero(text, sizeof text);
	return own_alone;
}

bool password_common(const char *password, const char *const *own)
{
	char plain[TEXT_BYTES];
	fold(password, false, plain);
	bool common = is_word(plain) || is_spelled_word(plain) || repeats(plain) || is_runs(plain) || is_own(plain, own);
	sodium_memzero(plain, sizeof plain);
	return common;
}
