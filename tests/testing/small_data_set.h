// A data set made of single bytes, and the UIDs it is made with.

#ifndef CAMNODE_TESTS_TESTING_SMALL_DATA_SET_H_
#define CAMNODE_TESTS_TESTING_SMALL_DATA_SET_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace camnode {

inline constexpr char kCrSopClass[] = "1.2.840.10008.5.1.4.1.1.1";
inline constexpr char kDxSopClass[] = "1.2.840.10008.5.1.4.1.1.1.1";
inline constexpr char kScSopClass[] = "1.2.840.10008.5.1.4.1.1.7";
inline constexpr char kCtSopClass[] = "1.2.840.10008.5.1.4.1.1.2";
inline constexpr char kVerification[] = "1.2.840.10008.1.1";
inline constexpr char kImplicitVr[] = "1.2.840.10008.1.2";
inline constexpr char kExplicitVr[] = "1.2.840.10008.1.2.1";

// The `size` low bytes of `value`, lowest first.
std::string LittleEndian(uint64_t value, int size);

// One element in Explicit VR Little Endian with a 16-bit length.
std::string ExplicitElement(uint32_t tag, absl::string_view vr, std::string value);

// A small, complete film of these UIDs in Explicit VR Little Endian, about `bytes`
// long; with an odd private group, so that re-encoding it would show.
std::string SmallDataSet(const std::string& sop_class, const std::string& sop_instance,
                         size_t bytes = 20'000);

}  // namespace camnode

#endif  // CAMNODE_TESTS_TESTING_SMALL_DATA_SET_H_
