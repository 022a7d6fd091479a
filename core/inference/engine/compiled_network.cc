#include "core/inference/engine/compiled_network.h"

#include <omp.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <oneapi/dnnl/dnnl.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/inference/engine/aligned_buffer.h"
#include "core/inference/engine/kernels.h"
#include "core/inference/engine/memory_plan.h"

namespace camnode {
namespace {

using Step = NetworkGraph::Step;
using Kind = NetworkGraph::Kind;

const dnnl::engine& Cpu() {
  static const dnnl::engine& engine = *new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::memory::data_type DataType(ComputePrecision precision) {
  return precision == ComputePrecision::kFloat32 ? dnnl::memory::data_type::f32
                                                 : dnnl::memory::data_type::bf16;
}

size_t BytesPerValue(ComputePrecision precision) {
  return precision == ComputePrecision::kFloat32 ? sizeof(float) : sizeof(uint16_t);
}

dnnl::memory::desc ValueDesc(const ValueShape& shape, const CompileOptions& options) {
  return {{options.batch, shape.channels, shape.height, shape.width},
          DataType(options.precision),
          dnnl::memory::format_tag::nhwc};
}

// oneDNN wants groups as a dimension of their own.
dnnl::memory::dims WeightDims(const ConvolutionSpec& spec, int64_t in_channels) {
  if (spec.groups == 1) return {spec.out_channels, in_channels, spec.kernel, spec.kernel};
  return {spec.groups, spec.out_channels / spec.groups, in_channels / spec.groups, spec.kernel,
          spec.kernel};
}

dnnl::memory::desc PlainWeights(const dnnl::memory::dims& dims) {
  return {dims, dnnl::memory::data_type::f32,
          dims.size() == 5 ? dnnl::memory::format_tag::goihw : dnnl::memory::format_tag::oihw};
}

// activation(convolution + bias), or activation(convolution + bias + what the destination
// held): a shortcut is added where it lies.
dnnl::primitive_attr ConvolutionAttributes(const ConvolutionSpec& spec, bool adds) {
  dnnl::post_ops after;
  if (adds) after.append_sum();
  if (spec.activation == Activation::kRelu) {
    after.append_eltwise(dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
  } else if (spec.activation == Activation::kSilu) {
    after.append_eltwise(dnnl::algorithm::eltwise_swish, 1.0f, 0.0f);
  }
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(after);
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

// A call of oneDNN with its arguments.
struct Call {
  dnnl::primitive primitive;
  std::vector<dnnl::memory> memories;  // What the arguments point to.
  std::vector<dnnl_exec_arg_t> arguments;

  void Add(int name, dnnl::memory memory) {
    arguments.push_back({name, memory.get()});
    memories.push_back(std::move(memory));
  }
  void Execute(const dnnl::stream& stream) const {
    dnnl::error::wrap_c_api(
        dnnl_primitive_execute(primitive.get(), stream.get(), static_cast<int>(arguments.size()),
                               arguments.data()),
        "a convolution failed");
  }
};

// The number of threads of the caller's OpenMP teams, for as long as this lives.
// oneDNN's kernels are made for one number and must be run with it.
class TeamSize {
 public:
  explicit TeamSize(int threads) : before_(omp_get_max_threads()) { omp_set_num_threads(threads); }
  ~TeamSize() { omp_set_num_threads(before_); }
  TeamSize(const TeamSize&) = delete;
  TeamSize& operator=(const TeamSize&) = delete;

 private:
  int before_;
};

absl::Status OneDnnError(const dnnl::error& error) {
  if (error.status == dnnl_unimplemented) {
    return absl::UnimplementedError(absl::StrCat("oneDNN: ", error.what()));
  }
  if (error.status == dnnl_out_of_memory) return absl::ResourceExhaustedError("out of memory");
  return absl::InternalError(absl::StrCat("oneDNN: ", error.what()));
}

// [rows, columns] as [columns, rows].
std::vector<float> Transposed(const std::vector<float>& matrix, int64_t rows) {
  const int64_t columns = static_cast<int64_t>(matrix.size()) / rows;
  std::vector<float> turned(matrix.size());
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      turned[static_cast<size_t>(c * rows + r)] = matrix[static_cast<size_t>(r * columns + c)];
    }
  }
  return turned;
}

}  // namespace

struct PackedWeights::State {
  struct Packed {
    dnnl::memory weights;
    dnnl::memory bias;
  };
  std::map<int, std::vector<Packed>> by_step;  // One for each layout asked for.

  const Packed& Pack(int step, const ConvolutionSpec& spec, int64_t in_channels,
                     const dnnl::memory::desc& layout, const dnnl::stream& stream);
};

const PackedWeights::State::Packed& PackedWeights::State::Pack(int step,
                                                               const ConvolutionSpec& spec,
                                                               int64_t in_channels,
                                                               const dnnl::memory::desc& layout,
                                                               const dnnl::stream& stream) {
  std::vector<Packed>& known = by_step[step];
  for (const Packed& packed : known) {
    if (packed.weights.get_desc() == layout) return packed;
  }
  // oneDNN only reads what it is given here.
  dnnl::memory plain(PlainWeights(WeightDims(spec, in_channels)), Cpu(),
                     const_cast<float*>(spec.weights.data()));
  Packed packed = {
      dnnl::memory(layout, Cpu()),
      dnnl::memory({{spec.out_channels}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::a},
                   Cpu())};
  dnnl::reorder(plain, packed.weights).execute(stream, plain, packed.weights);
  std::memcpy(packed.bias.get_data_handle(), spec.bias.data(), spec.bias.size() * sizeof(float));
  known.reserve(8);  // References stay valid: there are fewer batch sizes.
  known.push_back(std::move(packed));
  return known.back();
}

PackedWeights::PackedWeights() : state_(std::make_unique<State>()) {}
PackedWeights::~PackedWeights() = default;

struct CompiledNetwork::State {
  CompileOptions options;
  dnnl::stream stream{Cpu()};
  const KernelSet* kernels = nullptr;
  AlignedBuffer values;
  AlignedBuffer scratchpad;
  std::vector<void*> places;  // Of each value.
  std::vector<std::function<void()>> steps;
  ValueShape image;
  ValueShape features;
  void* feature_place = nullptr;
  LinearHead head;
  std::vector<float> head_scratch;

  void Place(const NetworkGraph& graph);
  void AddConvolution(int number, const Step& step, const ValueShape& in,
                      PackedWeights::State& weights, size_t& scratchpad_bytes,
                      std::vector<Call*>& calls);
  void AddMaxPool(const Step& step, const ValueShape& in, void* out);
  void AddScaleShift(const NetworkGraph& graph, const Step& step, void* out);
  void AddGate(const Step& step, void* data);
  void GiveScratchpad(size_t bytes, const std::vector<Call*>& calls);
  void Build(const NetworkGraph& graph, PackedWeights::State& weights);
  void Score(int64_t finding, PassResult& result);
};

// Before the calls are made, because each keeps pointers: when every value is needed first and
// last, and from that its place.  In-place steps share the place of the value they change; the
// features live beyond the last step, for the head.
void CompiledNetwork::State::Place(const NetworkGraph& graph) {
  const std::vector<Step>& all = graph.steps();
  std::vector<int> owner(all.size());
  std::vector<MemoryRequest> requests(all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    const int now = static_cast<int>(i);
    owner[i] = now;
    if (all[i].kind == Kind::kGate) owner[i] = owner[static_cast<size_t>(all[i].inputs[0])];
    if (all[i].added >= 0) owner[i] = owner[static_cast<size_t>(all[i].added)];
    if (owner[i] == now) {
      const auto count = static_cast<size_t>(options.batch * all[i].shape.channels) *
                         static_cast<size_t>(all[i].shape.cells());
      requests[i] = {count * BytesPerValue(options.precision), now, now};
    }
    requests[static_cast<size_t>(owner[i])].last = now;
    for (const int input : all[i].inputs) {
      requests[static_cast<size_t>(owner[static_cast<size_t>(input)])].last = now;
    }
  }
  requests[static_cast<size_t>(owner[static_cast<size_t>(graph.features())])].last =
      static_cast<int>(all.size());
  // Those without a place of their own are as large as nothing.
  const MemoryPlan plan = PlanMemory(requests);
  values = AlignedBuffer(plan.bytes);
  places.resize(all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    places[i] = values.data() + plan.offsets[static_cast<size_t>(owner[i])];
  }
}

// Values stay in nhwc, so that no reorder stands between two steps; only the weights'
// layout is oneDNN's choice (`any`), and they are packed into it here.
void CompiledNetwork::State::AddConvolution(int number, const Step& step, const ValueShape& in,
                                            PackedWeights::State& weights, size_t& scratchpad_bytes,
                                            std::vector<Call*>& calls) {
  const ConvolutionSpec& spec = step.convolution;
  const dnnl::memory::desc any_weights(WeightDims(spec, in.channels), DataType(options.precision),
                                       dnnl::memory::format_tag::any);
  const dnnl::memory::desc bias({spec.out_channels}, dnnl::memory::data_type::f32,
                                dnnl::memory::format_tag::a);
  const dnnl::convolution_forward::primitive_desc made(
      Cpu(), dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct,
      ValueDesc(in, options), any_weights, bias, ValueDesc(step.shape, options),
      {spec.stride, spec.stride}, {spec.padding, spec.padding}, {spec.padding, spec.padding},
      ConvolutionAttributes(spec, step.added >= 0));
  const PackedWeights::State::Packed& packed =
      weights.Pack(number, spec, in.channels, made.weights_desc(), stream);
  auto call = std::make_shared<Call>();
  call->primitive = dnnl::convolution_forward(made);
  call->Add(DNNL_ARG_SRC,
            dnnl::memory(made.src_desc(), Cpu(), places[static_cast<size_t>(step.inputs[0])]));
  call->Add(DNNL_ARG_WEIGHTS, packed.weights);
  call->Add(DNNL_ARG_BIAS, packed.bias);
  call->Add(DNNL_ARG_DST,
            dnnl::memory(made.dst_desc(), Cpu(), places[static_cast<size_t>(number)]));
  call->Add(DNNL_ARG_SCRATCHPAD, dnnl::memory(made.scratchpad_desc(), Cpu(), DNNL_MEMORY_NONE));
  scratchpad_bytes = std::max(scratchpad_bytes, made.scratchpad_desc().get_size());
  calls.push_back(call.get());
  steps.emplace_back([this, call] { call->Execute(stream); });
}

void CompiledNetwork::State::AddMaxPool(const Step& step, const ValueShape& in, void* out) {
  MaxPoolWork work;
  work.in = places[static_cast<size_t>(step.inputs[0])];
  work.out = out;
  work.images = options.batch;
  work.height = in.height;
  work.width = in.width;
  work.channels = in.channels;
  work.threads = options.threads;
  steps.emplace_back([this, work] { kernels->max_pool(work); });
}

void CompiledNetwork::State::AddScaleShift(const NetworkGraph& graph, const Step& step, void* out) {
  std::vector<ValuePart> parts;
  for (const int part : step.inputs) {
    parts.push_back({places[static_cast<size_t>(part)], graph.shape(part).channels});
  }
  const ValueShape& in = graph.shape(step.inputs[0]);
  ScaleShiftWork work;
  work.part_count = static_cast<int>(parts.size());
  work.images = options.batch;
  work.height = in.height;
  work.width = in.width;
  work.relu = step.scale_shift.relu;
  work.halve = step.scale_shift.halve;
  work.out = out;
  work.threads = options.threads;
  steps.emplace_back([this, work, parts = std::move(parts), scale = step.scale_shift.scale,
                      shift = step.scale_shift.shift]() mutable {
    work.parts = parts.data();
    work.scale = scale.data();
    work.shift = shift.data();
    kernels->scale_shift(work);
  });
}

// The second matrix is transposed, so that the kernel's inner loop runs along the
// channels.
void CompiledNetwork::State::AddGate(const Step& step, void* data) {
  const GateSpec& spec = step.gate;
  GateWork work;
  work.data = data;
  work.images = options.batch;
  work.cells = step.shape.cells();
  work.channels = step.shape.channels;
  work.squeezed = static_cast<int64_t>(spec.reduce_bias.size());
  work.threads = options.threads;
  std::vector<float> room(static_cast<size_t>(work.images * (work.channels + work.squeezed)));
  steps.emplace_back([this, work, spec, turned = Transposed(spec.expand_weights, work.channels),
                      room = std::move(room)]() mutable {
    work.reduce_weights = spec.reduce_weights.data();
    work.reduce_bias = spec.reduce_bias.data();
    work.expand_weights = turned.data();
    work.expand_bias = spec.expand_bias.data();
    work.gates = room.data();
    kernels->gate(work);
  });
}

// One for all, as large as the largest wants it: steps run one after the other.  It is
// each call's last argument.
void CompiledNetwork::State::GiveScratchpad(size_t bytes, const std::vector<Call*>& calls) {
  scratchpad = AlignedBuffer(bytes);
  for (Call* call : calls) {
    call->memories.back().set_data_handle(scratchpad.data());
  }
}

// Places first, then the steps in the graph's order (number 0 is the image, which Run lays
// out), then the scratchpad, whose size all convolutions had to be made for; the head is
// no step, because each pass may ask for another finding's map.
void CompiledNetwork::State::Build(const NetworkGraph& graph, PackedWeights::State& weights) {
  Place(graph);
  size_t scratchpad_bytes = 0;
  std::vector<Call*> calls;
  for (size_t i = 1; i < graph.steps().size(); ++i) {
    const Step& step = graph.steps()[i];
    const ValueShape& in = graph.shape(step.inputs[0]);
    switch (step.kind) {
      case Kind::kImage:
        break;
      case Kind::kConvolution:
        AddConvolution(static_cast<int>(i), step, in, weights, scratchpad_bytes, calls);
        break;
      case Kind::kMaxPool:
        AddMaxPool(step, in, places[i]);
        break;
      case Kind::kScaleShift:
        AddScaleShift(graph, step, places[i]);
        break;
      case Kind::kGate:
        AddGate(step, places[i]);
        break;
    }
  }
  GiveScratchpad(scratchpad_bytes, calls);
  stream.wait();
  image = graph.shape(graph.image());
  features = graph.shape(graph.features());
  feature_place = places[static_cast<size_t>(graph.features())];
  head = graph.head();
  head_scratch.resize(static_cast<size_t>(features.channels));
}

CompiledNetwork::CompiledNetwork(std::unique_ptr<State> state) : state_(std::move(state)) {}
CompiledNetwork::~CompiledNetwork() = default;

absl::StatusOr<std::unique_ptr<CompiledNetwork>> CompiledNetwork::Compile(
    const NetworkGraph& graph, const CompileOptions& options, PackedWeights& weights) {
  if (!HasFastPrecision(options.precision)) {
    return absl::UnimplementedError(absl::StrCat(PrecisionName(options.precision),
                                                 " is not what this processor (", InstructionSet(),
                                                 ") computes with"));
  }
  const TeamSize team(options.threads);
  try {
    auto state = std::make_unique<State>();
    state->options = options;
    state->kernels = options.precision == ComputePrecision::kFloat32 ? &BestKernels().float32
                                                                     : &BestKernels().bfloat16;
    state->Build(graph, *weights.state_);
    return std::unique_ptr<CompiledNetwork>(new CompiledNetwork(std::move(state)));
  } catch (const dnnl::error& error) {
    return OneDnnError(error);
  }
}

absl::Status CompiledNetwork::Run(const std::vector<const float*>& images, int64_t finding,
                                  PassResult& result) {
  State& state = *state_;
  const TeamSize team(state.options.threads);
  try {
    state.kernels->interleave({images.data(), state.places[0], state.options.batch,
                               state.image.channels, state.image.cells()});
    for (const auto& step : state.steps) step();
    state.stream.wait();
  } catch (const dnnl::error& error) {
    return OneDnnError(error);
  }
  state.Score(finding, result);
  return absl::OkStatus();
}

void CompiledNetwork::State::Score(int64_t finding, PassResult& result) {
  HeadWork work;
  work.features = feature_place;
  work.images = options.batch;
  work.cells = features.cells();
  work.channels = features.channels;
  work.outputs = static_cast<int64_t>(head.bias.size());
  work.weights = head.weights.data();
  work.bias = head.bias.data();
  work.mask_map_weights = head.mask_map_weights;
  work.finding = finding;
  work.scratch = head_scratch.data();
  result.logits.resize(static_cast<size_t>(work.images * work.outputs));
  result.pooled.resize(static_cast<size_t>(work.images * work.channels));
  result.maps.resize(static_cast<size_t>(finding < 0 ? 0 : work.images * work.cells));
  work.logits = result.logits.data();
  work.pooled = result.pooled.data();
  work.maps = result.maps.data();
  kernels->head(work);
}

int64_t CompiledNetwork::batch() const { return state_->options.batch; }
int64_t CompiledNetwork::grid_height() const { return state_->features.height; }
int64_t CompiledNetwork::grid_width() const { return state_->features.width; }

}  // namespace camnode
