// The films a network is trained on or measured with, as values.

#ifndef CAMNODE_CORE_TRAINING_FILMS_LABELLED_FILM_H_
#define CAMNODE_CORE_TRAINING_FILMS_LABELLED_FILM_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace camnode {

struct LabelledFilm {
  std::string path;
  // Relative to the data set's folder, or as the CSV has it: the same on every machine.
  std::string name;
  std::string split;    // "train", "val", ...
  int class_index = 0;  // In Dataset::classes.
  std::string patient;
  // HeaderPatient's, whether or not it became `patient`; empty: none.
  std::string header_patient;
  std::string sha256;  // Of the file.
  // Every other column of the CSV ("sex", "scanner"), for subgroups and weights.
  std::map<std::string, std::string> columns;
  int64_t line = 0;  // Of the CSV; 0: found in a folder.
};

struct Dataset {
  std::vector<std::string> classes;
  std::vector<LabelledFilm> films;  // Ordered by name.
  // SHA-256 over name, split, class, patient and digest of every film.
  std::string digest;
  // In the folders of the classes, but left out for their names: DICOM without .dcm?
  int64_t other_files = 0;
};

struct DatasetOptions {
  // A folder of SPLIT/CLASS/films, or a CSV file with a header line and the columns
  // path (relative to the CSV's folder, or absolute), class, and optionally split
  // ("train" where it is absent), patient and any other.  A header line without commas
  // tells that fields are divided by semicolons or tabs.
  std::string path;
  // The classes expected; empty: those found, in alphabetical order.
  std::vector<std::string> classes;
  // Films of other splits are left out; empty: all.
  std::vector<std::string> splits;
  // For films without a patient column, or with nothing in it: RE2 expressions on the
  // file's name without folders, each with one pair of capturing parentheses.  Those
  // of the first that matches hold the patient.  Where none does, the header of a DICOM
  // film tells (header_patient.h), and then kOwnPatientPattern, if it is one of them.
  std::vector<std::string> patient_patterns;
};

// "line 7: film 'a.png'", without a line for a film of a folder.
std::string WhereIs(const LabelledFilm& film);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FILMS_LABELLED_FILM_H_
