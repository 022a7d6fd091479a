// Batches of augmented films, made while the network is busy with the one before.

#ifndef CAMNODE_CORE_TRAINING_TRAIN_BATCH_LOADER_H_
#define CAMNODE_CORE_TRAINING_TRAIN_BATCH_LOADER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <opencv2/core/mat.hpp>
#include <vector>

#include "proto/camnode/training/v1/recipe.pb.h"
#include "torch/torch.h"

namespace camnode {

struct Batch {
  torch::Tensor gray;     // uint8 [N, 1, S, S]
  torch::Tensor classes;  // int64 [N]
};

// Makes the film at a position of the epoch's order.
using FilmMaker = std::function<cv::Mat1b(size_t film, size_t position)>;

// Walks once over `order`, `batch_size` films at a time.  Used by one thread; one more
// runs while a batch is made ahead.
class BatchLoader {
 public:
  // `classes` holds one class for each film that `order` may name.  A last batch of
  // fewer films is given only if `keep_remainder`.  What is passed by reference
  // outlives the loader.
  BatchLoader(const std::vector<size_t>& order, const std::vector<int>& classes, FilmMaker film,
              int64_t batch_size, bool keep_remainder);

  int64_t batches() const { return batches_; }

  // The next batch.  REQUIRES: fewer than batches() calls so far.
  Batch Next();

 private:
  void Start();
  Batch Make(int64_t number) const;

  const std::vector<size_t>& order_;
  const std::vector<int>& classes_;
  FilmMaker film_;
  int64_t batch_size_;
  int64_t batches_;
  int64_t started_ = 0;
  std::future<Batch> ahead_;
};

// What the network sees of `gray`: float [N, 3, S, S], channels last, as Preprocess makes
// it of the same pixels.
torch::Tensor NetworkImages(const torch::Tensor& gray,
                            const camnode::model::v1::Preprocessing& preprocessing);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_TRAIN_BATCH_LOADER_H_
