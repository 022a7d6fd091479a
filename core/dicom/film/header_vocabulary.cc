#include "core/dicom/film/header_vocabulary.h"

#include <algorithm>
#include <cstddef>
#include <initializer_list>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace camnode {
namespace {

bool IsOneOf(absl::string_view text, std::initializer_list<absl::string_view> list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// SNOMED CT, and what DICOM called its older codes.
bool IsSnomed(const HeaderCode& code) {
  return !code.value.empty() && IsOneOf(code.scheme, {"SCT", "SRT", "SNM3", "99SDM"});
}

// frontal; antero-posterior; postero-anterior (two SRT codes in use).
bool IsFrontalCode(const HeaderCode& code) {
  return IsSnomed(code) && IsOneOf(code.value, {"399033003", "399348003", "272479007", "R-10202",
                                                "R-10206", "R-10214", "R-40888"});
}

bool IsChestCode(const HeaderCode& code) {
  return IsSnomed(code) && IsOneOf(code.value, {
                                                   "816094009", "51185008", "T-D3000",  // Chest.
                                                   "39607008",  "T-28000",              // Lung.
                                                   "86598002",  "T-280A0",  // Apex of lung.
                                                   "80891009",  "T-32000",  // Heart.
                                                   "72410000",  "T-D3300",  // Mediastinum.
                                                   "416550000", "R-FAB55",  // Chest and abdomen.
                                                   "416775004", "R-FAB56",  // ... and pelvis.
                                                   "417437006", "R-FAB52",  // Neck and chest.
                                                   "416152001", "R-FAB53",  // ... and abdomen.
                                                   "416319003", "R-FAB54",  // ... and pelvis.
                                               });
}

bool IsWholeBodyCode(const HeaderCode& code) {
  return IsSnomed(code) && IsOneOf(code.value, {"38266002", "T-D0010"});
}

}  // namespace

Words SplitWords(absl::string_view text) {
  return absl::StrSplit(absl::AsciiStrToUpper(text), absl::ByAnyChar(" _-/\\^.,;:()[]+&*"),
                        absl::SkipEmpty());
}

bool HasWord(const Words& words, std::initializer_list<absl::string_view> list) {
  return std::any_of(words.begin(), words.end(),
                     [&list](const std::string& word) { return IsOneOf(word, list); });
}

bool SaysFrontal(const Words& words) {
  // "p.a." and "a.p." fall apart into letters.
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if ((words[i] == "P" && words[i + 1] == "A") || (words[i] == "A" && words[i + 1] == "P")) {
      return true;
    }
  }
  return HasWord(words, {"PA", "AP", "FRONTAL", "POSTERO", "ANTERO", "POSTEROANTERIOR",
                         "ANTEROPOSTERIOR", "FRONTALE", "FACE"});
}

bool SaysNotFrontal(const Words& words) {
  return HasWord(words, {"LATERAL", "LAT",        "LL",        "RL",     "LLAT",     "RLAT",
                         "LLD",     "RLD",        "DECUBITUS", "DECUB",  "LLO",      "RLO",
                         "LAO",     "RAO",        "LPO",       "RPO",    "OBLIQUE",  "LORDOTIC",
                         "AXIAL",   "TANGENTIAL", "SEITLICH",  "PROFIL", "LATERALE", "OBL"});
}

bool SaysFrontal(const HeaderCode& view) {
  return IsFrontalCode(view) || SaysFrontal(SplitWords(view.meaning));
}

bool SaysNotFrontal(const HeaderCode& view) {
  if (IsFrontalCode(view)) return false;
  const Words meaning = SplitWords(view.meaning);
  return SaysNotFrontal(meaning) || (IsSnomed(view) && !SaysFrontal(meaning));
}

bool SaysChest(absl::string_view text) {
  const std::string upper = absl::AsciiStrToUpper(text);
  for (const absl::string_view part : {"CHEST", "THORAX", "TORAX", "TORACE", "BRUSTKORB"}) {
    if (absl::StrContains(upper, part)) return true;
  }
  // At the start of a word only: LUNG also ends German words.
  const Words words = SplitWords(upper);
  return std::any_of(words.begin(), words.end(), [](const std::string& word) {
    for (const absl::string_view start :
         {"LUNG", "HEART", "PULMO", "POUMON", "POITRINE", "CXR", "HERZ", "COEUR"}) {
      if (absl::StartsWith(word, start)) return true;
    }
    return false;
  });
}

bool SaysOtherBodyPart(const Words& words) {
  return HasWord(
      words,
      {"TEETH",    "TOOTH",  "DENTAL",  "JAW",     "MANDIBLE", "MAXILLA", "SKULL",    "HEAD",
       "BRAIN",    "SINUS",  "SINUSES", "NECK",    "CSPINE",   "TSPINE",  "LSPINE",   "SPINE",
       "CERVICAL", "LUMBAR", "SACRUM",  "ABDOMEN", "PELVIS",   "HIP",     "FEMUR",    "KNEE",
       "LEG",      "TIBIA",  "FIBULA",  "ANKLE",   "FOOT",     "TOE",     "SHOULDER", "CLAVICLE",
       "HUMERUS",  "ELBOW",  "FOREARM", "RADIUS",  "ULNA",     "WRIST",   "HAND",     "FINGER",
       "THUMB",    "BREAST", "RIB",     "RIBS",    "RIBCAGE",  "SCAPULA", "STERNUM"});
}

bool SaysChest(const HeaderCode& region) {
  return IsChestCode(region) || SaysChest(region.meaning);
}

bool SaysOtherBodyPart(const HeaderCode& region) {
  if (SaysChest(region) || IsWholeBodyCode(region)) return false;
  return IsSnomed(region) || SaysOtherBodyPart(SplitWords(region.meaning));
}

}  // namespace camnode
