// How camnode names itself in what it writes and on the wire: one name for each thing, so
// that an object, a received file and an association agree (PS3.7 annex D.3.3.2, PS3.10
// table 7.1-1).

#ifndef CAMNODE_CORE_DICOM_FILE_IMPLEMENTATION_H_
#define CAMNODE_CORE_DICOM_FILE_IMPLEMENTATION_H_

#include "core/base/version.h"
#include "core/domain/uid.h"

namespace camnode {

inline constexpr char kCamnodeManufacturer[] = "camnode";

// (0002,0013), and the Implementation Version Name of our associations.
inline constexpr char kImplementationVersionName[] = "CAMNODE_" CAMNODE_VERSION_LITERAL;
static_assert(sizeof(kImplementationVersionName) - 1 <= 16, "longer than an SH may be");

// (0002,0012), and the Implementation Class UID of our associations.
const Uid& CamnodeImplementationClassUid();

// (0008,0014) of the objects we make: how they are recognised when they come back.
const Uid& CamnodeInstanceCreatorUid();

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_FILE_IMPLEMENTATION_H_
