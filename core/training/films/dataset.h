// Reads the films a network is trained on or measured with: whose they are, what they
// show, and which of them may not be torn apart.

#ifndef CAMNODE_CORE_TRAINING_FILMS_DATASET_H_
#define CAMNODE_CORE_TRAINING_FILMS_DATASET_H_

#include "absl/status/statusor.h"
#include "core/training/films/labelled_film.h"

namespace camnode {

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

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FILMS_DATASET_H_
