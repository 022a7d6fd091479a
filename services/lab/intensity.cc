#include "services/lab/intensity.h"

namespace camnode {

namespace v1 = camnode::model::v1;

absl::Status SetIntensity(const std::string& word, v1::Preprocessing& preprocessing) {
  if (word == "file") {
    preprocessing.set_intensity(v1::INTENSITY_POLICY_FILE);
  } else if (word == "fixed_window") {
    preprocessing.set_intensity(v1::INTENSITY_POLICY_FIXED_WINDOW);
    if (preprocessing.window_width() <= 0.0) {
      preprocessing.set_window_center(40.0);
      preprocessing.set_window_width(800.0);
    }
  } else {
    return absl::InvalidArgumentError("option --intensity must be file or fixed_window");
  }
  return absl::OkStatus();
}

}  // namespace camnode
