// Data sets written byte by byte, for what no toolkit would write.

#ifndef CAMNODE_TESTS_CORE_DICOM_FILE_SCANNER_BYTES_H_
#define CAMNODE_TESTS_CORE_DICOM_FILE_SCANNER_BYTES_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <ios>
#include <sstream>
#include <string>

namespace camnode {

inline std::string Bytes16(uint32_t value) {
  return {static_cast<char>(value & 0xff), static_cast<char>(value >> 8 & 0xff)};
}
inline std::string Bytes32(uint32_t value) {
  return Bytes16(value & 0xffff) + Bytes16(value >> 16);
}
inline std::string TagBytes(uint32_t tag) { return Bytes16(tag >> 16) + Bytes16(tag & 0xffff); }

// Explicit VR, little endian, 16-bit length.
inline std::string Short(uint32_t tag, const std::string& vr, const std::string& value) {
  return TagBytes(tag) + vr + Bytes16(static_cast<uint32_t>(value.size())) + value;
}
// Explicit VR, little endian, 32-bit length as said.
inline std::string Long(uint32_t tag, const std::string& vr, uint32_t length,
                        const std::string& value) {
  return TagBytes(tag) + vr + Bytes16(0) + Bytes32(length) + value;
}
// Implicit VR, items and delimiters.
inline std::string Implicit(uint32_t tag, uint32_t length, const std::string& value = "") {
  return TagBytes(tag) + Bytes32(length) + value;
}
// Preamble and the meta information that matters.
inline std::string Part10(const std::string& transfer_syntax, const std::string& dataset) {
  return std::string(128, '\0') + "DICM" + Short(0x00020010, "UI", transfer_syntax) + dataset;
}

inline std::string WriteBytes(const std::string& name, const std::string& bytes) {
  const std::string path = testing::TempDir() + "/" + name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}
inline std::string ReadBytes(const std::string& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

}  // namespace camnode

#endif  // CAMNODE_TESTS_CORE_DICOM_FILE_SCANNER_BYTES_H_
