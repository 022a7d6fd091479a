#include "core/inference/preprocessor.h"

#include <algorithm>
#include <array>

#include "absl/status/status.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

namespace v1 = camnode::model::v1;

// In double and in this order: ((clip(x) - low) / (high - low) * 255) as uint8.
cv::Mat1b FixedWindow(const cv::Mat1f& values, double center, double width) {
  const double low = center - width / 2;
  const double high = center + width / 2;
  cv::Mat1b gray(values.size());
  for (int row = 0; row < values.rows; ++row) {
    const float* in = values[row];
    uint8_t* out = gray[row];
    for (int column = 0; column < values.cols; ++column) {
      const double clipped = std::min(std::max(static_cast<double>(in[column]), low), high);
      out[column] = static_cast<uint8_t>((clipped - low) / (high - low) * 255.0);
    }
  }
  return gray;
}

torch::Tensor ThreeValues(const google::protobuf::RepeatedField<double>& values) {
  std::array<float, 3> three{};
  std::transform(values.begin(), values.begin() + 3, three.begin(),
                 [](double value) { return static_cast<float>(value); });
  return torch::tensor({three[0], three[1], three[2]}).view({1, 3, 1, 1});
}

}  // namespace

absl::StatusOr<cv::Mat1b> ApplyIntensityPolicy(const Radiograph& film,
                                               const v1::Preprocessing& options) {
  if (film.presentation.empty()) return absl::InvalidArgumentError("the film has no pixels");
  if (options.intensity() != v1::INTENSITY_POLICY_FIXED_WINDOW || film.modality_values.empty()) {
    return film.presentation;
  }
  return FixedWindow(film.modality_values, options.window_center(), options.window_width());
}

absl::StatusOr<NetworkInput> Preprocess(const Radiograph& film, const v1::Preprocessing& options) {
  CAMNODE_ASSIGN_OR_RETURN(cv::Mat1b gray, ApplyIntensityPolicy(film, options));
  if (!gray.isContinuous()) gray = gray.clone();
  const int64_t side = options.input_size();
  const torch::Tensor pixels =
      torch::from_blob(gray.data, {1, 1, gray.rows, gray.cols}, torch::kUInt8);
  const torch::Tensor square =
      at::_upsample_bilinear2d_aa(pixels, {side, side}, /*align_corners=*/false);

  NetworkInput input;
  input.image = (square.to(torch::kFloat32).div_(255.0) - ThreeValues(options.mean()))
                    .div_(ThreeValues(options.standard_deviation()));
  input.placement.film = gray.size();
  input.placement.region = cv::Rect2d(0, 0, gray.cols, gray.rows);
  return input;
}

}  // namespace camnode
