// What the texts of a configuration may look like.

#ifndef CAMNODE_SERVICES_CONFIG_TEXT_CHECKS_H_
#define CAMNODE_SERVICES_CONFIG_TEXT_CHECKS_H_

#include <string>

#include "core/domain/ae_title.h"
#include "services/config/section_reader.h"

namespace camnode {

bool IsIpAddress(const std::string& text);
bool IsName(const std::string& text);
inline constexpr char kName[] = "1 to 64 letters, digits, '-', '_', '.'";
bool IsAeTitle(const std::string& text);
inline constexpr char kAeTitle[] = "1 to 16 printable ASCII characters, no backslash";
// The option ae_title, without padding, so that titles can be compared.
void ReadAeTitle(const ConfigReader& section, std::string* title);
void ReadAeTitle(const ConfigReader& section, AeTitle* title);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_CONFIG_TEXT_CHECKS_H_
