#include "core/dicom/file/implementation.h"

namespace camnode {

const Uid& CamnodeImplementationClassUid() {
  static const Uid& uid = *new Uid(Uid::Derive("camnode implementation class"));
  return uid;
}

const Uid& CamnodeInstanceCreatorUid() {
  static const Uid& uid = *new Uid(Uid::Derive("camnode instance creator"));
  return uid;
}

}  // namespace camnode
