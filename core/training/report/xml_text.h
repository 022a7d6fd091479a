// Text from files and data sets, made fit for XML and HTML.

#ifndef CAMNODE_CORE_TRAINING_REPORT_XML_TEXT_H_
#define CAMNODE_CORE_TRAINING_REPORT_XML_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace camnode {

// CleanUtf8 (core/base/utf8.h), with & < > " ' as references, and characters that XML has no place
// for as U+FFFD: text of an element or an attribute.
std::string EscapeXml(absl::string_view text);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_REPORT_XML_TEXT_H_
