// Which objects are made of an analysis, as the operator sets it: section `outputs` of the
// configuration, and of a workflow.

#ifndef CAMNODE_CORE_PIPELINE_OUTPUT_SETTINGS_H_
#define CAMNODE_CORE_PIPELINE_OUTPUT_SETTINGS_H_

namespace camnode {

struct OutputSettings {
  bool overlays = true;         // One per model: the film with the model's map.
  bool panel = true;            // The film, every map, and their agreement.
  bool refusal_notice = false;  // For a film that is not analysed: a card with the reason.
  // Pixels, legend included.  Larger: sharper maps, more bytes to send.
  int overlay_max_long_side = 1024;
  int panel_max_long_side = 1536;
  // Overlays as large as the film, many megabytes each; the panel keeps its limit.
  bool native_size = false;
  double alpha = 0.4;  // Opacity of the strongest cell, 0 to 1.
  // Overlays; panel +1, notice +2.  Above what modalities use, so that ours sort last.
  int series_number_base = 9000;
};

// On less than 384 pixels no legend can be drawn.
template <typename Reader>
void ReadOptions(Reader&& reader, OutputSettings* settings) {
  reader.Read("overlays", &settings->overlays);
  reader.Read("panel", &settings->panel);
  reader.Read("refusal_notice", &settings->refusal_notice);
  reader.Read("overlay_max_long_side", 384, 16384, &settings->overlay_max_long_side);
  reader.Read("panel_max_long_side", 384, 16384, &settings->panel_max_long_side);
  reader.Read("native_size", &settings->native_size);
  reader.Read("alpha", 0.0, 1.0, &settings->alpha);
  reader.Read("series_number_base", 0, 1'000'000, &settings->series_number_base);
}

}  // namespace camnode

#endif  // CAMNODE_CORE_PIPELINE_OUTPUT_SETTINGS_H_
