// The films a network is trained on or measured with: whose they are, what they show,
// and which of them may not be torn apart.

#ifndef CAMNODE_CORE_TRAINING_FILMS_DATASET_H_
#define CAMNODE_CORE_TRAINING_FILMS_DATASET_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

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

// Reads every file once, for its digest, and its header, if it has one; decodes none.  In a folder,
// hidden files and those whose extension is not .dcm, .jpg, .jpeg or .png are left out, and links
// stay inside; a CSV may name any file.  At most 10 million films of 1 GiB.
//
// Errors: kNotFound (no such folder, file or film: names up to ten; no films in a split
// asked for),
// kInvalidArgument (a class that is not expected, or an expected one without a film; a
// film without a patient: names the film and the patterns; a bad expression; a CSV
// line that cannot be understood, with its number; two films with the same bytes in
// different classes; a link out of the folder; a name that is not UTF-8; more than the
// limits), kUnavailable (a file or folder that cannot be read).
absl::StatusOr<Dataset> ReadDataset(const DatasetOptions& options);

// The fold, 0 to folds - 1, of each film.  Films of one patient, and films of the same
// bytes, are in one fold; none is empty.  Films of each class are spread evenly: large
// groups are dealt first, those of one size in the order of a seeded hash of their
// patients, each to the fold that has the fewest films of its class.  A class of fewer
// patients than folds is absent from some.  The same films, number and seed give the
// same folds on every machine.
// REQUIRES: folds > 0.
// Errors: kInvalidArgument (fewer patients than folds; those that share films are one).
absl::StatusOr<std::vector<int>> AssignFolds(const Dataset& dataset, int folds, uint64_t seed);

// "line 7: film 'a.png'", without a line for a film of a folder.
std::string WhereIs(const LabelledFilm& film);

// Patients, or byte-identical films, on both sides of a division of the films into
// splits: "patient person12_virus: train, val", "same bytes train/NORMAL/a.png and
// val/NORMAL/b.png: train, val".  Empty: none.
std::vector<std::string> LeaksBetweenSplits(const Dataset& dataset);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FILMS_DATASET_H_
