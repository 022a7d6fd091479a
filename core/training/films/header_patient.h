// Whose film a DICOM header says it is, without saying who that is.

#ifndef CAMNODE_CORE_TRAINING_FILMS_HEADER_PATIENT_H_
#define CAMNODE_CORE_TRAINING_FILMS_HEADER_PATIENT_H_

#include <string>
#include <vector>

namespace camnode {

struct HeaderPatient {
  enum class Source {
    kNoHeader,     // No DICOM film, or one whose header cannot be read.
    kNoPatientId,  // Absent or empty.
    kSameInAll,    // A word that whoever took the names out put in their place.
    kPatientId,
  };
  Source source = Source::kNoHeader;
  // "dicom-" and 16 hexadecimal digits of the SHA-256 over Issuer of Patient ID (0010,0021),
  // a NUL and Patient ID (0010,0020); empty for other sources.  A pseudonym: who has a list
  // of IDs can find theirs.
  std::string patient;
};

// Of the film in each file, in their order.  Reads headers, no pixels; a file that cannot be
// read has none.  A Patient ID that is the same in all of ten films or more with a header is
// nobody's.
std::vector<HeaderPatient> ReadHeaderPatients(const std::vector<std::string>& paths);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FILMS_HEADER_PATIENT_H_
