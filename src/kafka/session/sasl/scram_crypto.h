#pragma once
// The computations of RFC 5802 section 3. Byte strings are std::string.

#include "kafka/session/sasl/scram.h"

namespace ottla::kafka::session {

std::string scram_hmac(ScramHash hash, std::string_view key, std::string_view message);
std::string scram_digest(ScramHash hash, std::string_view bytes);
// Hi(password, salt, iterations): PBKDF2.
std::string scram_salted_password(ScramHash hash, std::string_view password, std::string_view salt,
                                  int iterations);
// Of equal size.
std::string xor_of(std::string a, std::string_view b);
// Takes the same time wherever they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);
// 24 letters with 144 random bits.
std::string random_nonce();

}  // namespace ottla::kafka::session
