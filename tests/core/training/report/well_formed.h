// Judges made text by libxml2.

#ifndef CAMNODE_TESTS_CORE_TRAINING_REPORT_WELL_FORMED_H_
#define CAMNODE_TESTS_CORE_TRAINING_REPORT_WELL_FORMED_H_

#include <libxml/parser.h>
#include <libxml/tree.h>

#include <string>

namespace camnode {

inline bool IsWellFormedXml(const std::string& text) {
  xmlDoc* document =
      xmlReadMemory(text.data(), static_cast<int>(text.size()), "made.xml", "UTF-8",
                    XML_PARSE_NONET | XML_PARSE_HUGE | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  const bool parsed = document != nullptr;
  xmlFreeDoc(document);
  return parsed;
}

}  // namespace camnode

#endif  // CAMNODE_TESTS_CORE_TRAINING_REPORT_WELL_FORMED_H_
