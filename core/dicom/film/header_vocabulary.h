// The words and codes by which headers speak of views and body parts.  Pure.

#ifndef CAMNODE_CORE_DICOM_FILM_HEADER_VOCABULARY_H_
#define CAMNODE_CORE_DICOM_FILM_HEADER_VOCABULARY_H_

#include <initializer_list>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "core/dicom/film/instance_header.h"

namespace camnode {

using Words = std::vector<std::string>;

// The words of a text, upper case: "Chest_PA/LAT" is CHEST, PA, LAT.
Words SplitWords(absl::string_view text);

bool HasWord(const Words& words, std::initializer_list<absl::string_view> list);

// What a text or code says of the view; one may say both ("Chest PA/LAT"), or
// neither.
bool SaysFrontal(const Words& words);
bool SaysNotFrontal(const Words& words);
// By the code (PS3.16 CID 4010 in SNOMED CT or its older SRT codes), else by the
// meaning; a code of SNOMED that is no frontal view is another view.
bool SaysFrontal(const HeaderCode& view);
bool SaysNotFrontal(const HeaderCode& view);

// Chest, thorax, lung or heart, alone or with more ("CHESTABDOMEN"); in English,
// German, French, Italian, Spanish and Portuguese.
bool SaysChest(absl::string_view text);
bool SaysOtherBodyPart(const Words& words);
// By the code (PS3.16 CID 4031), else by the meaning; a code of SNOMED that is
// neither chest nor whole body is another part.
bool SaysChest(const HeaderCode& region);
bool SaysOtherBodyPart(const HeaderCode& region);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_FILM_HEADER_VOCABULARY_H_
