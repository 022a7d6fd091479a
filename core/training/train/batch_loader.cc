#include "core/training/train/batch_loader.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace camnode {

BatchLoader::BatchLoader(const std::vector<size_t>& order, const std::vector<int>& classes,
                         FilmMaker film, int64_t batch_size, bool keep_remainder)
    : order_(order), classes_(classes), film_(std::move(film)), batch_size_(batch_size) {
  const auto films = static_cast<int64_t>(order.size());
  batches_ = (films + (keep_remainder ? batch_size - 1 : 0)) / batch_size;
  Start();
}

void BatchLoader::Start() {
  if (started_ == batches_) return;
  ahead_ = std::async(std::launch::async, [this, number = started_] { return Make(number); });
  ++started_;
}

Batch BatchLoader::Next() {
  Batch batch = ahead_.get();
  Start();
  return batch;
}

Batch BatchLoader::Make(int64_t number) const {
  const auto first = static_cast<size_t>(number * batch_size_);
  const size_t end = std::min(order_.size(), first + static_cast<size_t>(batch_size_));
  const auto count = static_cast<int64_t>(end - first);
  Batch batch;
  batch.classes = torch::empty({count}, torch::kInt64);
  auto* classes = batch.classes.data_ptr<int64_t>();
  uint8_t* pixels = nullptr;
  for (size_t position = first; position < end; ++position) {
    const cv::Mat1b film = film_(order_[position], position);
    if (pixels == nullptr) {
      batch.gray = torch::empty({count, 1, film.rows, film.cols}, torch::kUInt8);
      pixels = batch.gray.data_ptr<uint8_t>();
    }
    std::memcpy(pixels, film.data, film.total());
    pixels += film.total();
    *classes++ = classes_[order_[position]];
  }
  return batch;
}

torch::Tensor NetworkImages(const torch::Tensor& gray,
                            const camnode::model::v1::Preprocessing& preprocessing) {
  const auto three = [&gray](const google::protobuf::RepeatedField<double>& values) {
    std::vector<float> numbers(values.begin(), values.end());
    return torch::tensor(numbers, torch::kFloat32).view({1, 3, 1, 1}).to(gray.device());
  };
  return gray.to(torch::kFloat32)
      .div_(255.0)
      .sub(three(preprocessing.mean()))
      .div_(three(preprocessing.standard_deviation()))
      .contiguous(torch::MemoryFormat::ChannelsLast);
}

}  // namespace camnode
