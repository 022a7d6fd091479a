// Any bytes as a received file: decode its film and judge its pixels.

#include <cstddef>
#include <cstdint>

#include "core/dicom/film/film_concerns.h"
#include "core/dicom/film/pixel_check.h"
#include "core/dicom/pixels/radiograph_reader.h"
#include "tests/fuzz/check_status.h"
#include "tests/fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  camnode::RadiographLimits limits;
  limits.max_pixels = 1 << 18;
  const auto film = camnode::ReadRadiograph(camnode::MemoryFile(data, size), limits);
  camnode::CheckBlamesTheFile(film.status());
  if (film.ok() && !camnode::CheckPixels(*film)) camnode::FindPixelConcerns(*film);
  return 0;
}
