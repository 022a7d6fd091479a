#include "tests/scp/raw_scu.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "tests/testing/small_data_set.h"

namespace camnode {
namespace {

constexpr int kReadTimeoutMs = 20'000;
constexpr int kCommand = 1;
constexpr int kLast = 2;

std::string BigEndian(uint64_t value, int size) {
  std::string bytes;
  for (int i = size - 1; i >= 0; --i) bytes.push_back(static_cast<char>(value >> (8 * i)));
  return bytes;
}

uint32_t ReadNumber(absl::string_view bytes, bool big_endian) {
  uint32_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const size_t at = big_endian ? i : bytes.size() - 1 - i;
    value = value << 8 | static_cast<uint8_t>(bytes[at]);
  }
  return value;
}

std::string Item(int type, const std::string& content) {
  return absl::StrCat(std::string(1, static_cast<char>(type)), std::string(1, '\0'),
                      BigEndian(content.size(), 2), content);
}

std::string Padded(const std::string& title) {
  return (title + std::string(16, ' ')).substr(0, 16);
}

// Implicit VR, group 0000.
std::string CommandElement(int element, const std::string& value) {
  return absl::StrCat(LittleEndian(0, 2), LittleEndian(static_cast<uint64_t>(element), 2),
                      LittleEndian(value.size(), 4), value);
}

std::string Even(std::string uid) {
  if (uid.size() % 2 != 0) uid.push_back('\0');
  return uid;
}

std::string WithGroupLength(const std::string& elements) {
  return CommandElement(0x0000, LittleEndian(elements.size(), 4)) + elements;
}

}  // namespace

RawScu::RawScu(int port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot connect");
  }
}

RawScu::~RawScu() { close(socket_); }

bool RawScu::Send(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return true;
}

void RawScu::FinishSending() { shutdown(socket_, SHUT_WR); }

std::string RawScu::ReadPdu() {
  std::string pdu;
  size_t wanted = 6;
  while (pdu.size() < wanted) {
    pollfd polled = {socket_, POLLIN, 0};
    if (poll(&polled, 1, kReadTimeoutMs) == 0) return "timeout";
    char buffer[65536];
    const ssize_t got = recv(socket_, buffer, std::min(wanted - pdu.size(), sizeof buffer), 0);
    if (got <= 0) return "";
    pdu.append(buffer, static_cast<size_t>(got));
    if (pdu.size() == 6) wanted += ReadNumber(absl::string_view(pdu).substr(2, 4), true);
  }
  return pdu;
}

size_t RawScu::BytesOfFirstPiece() {
  pollfd polled = {socket_, POLLIN, 0};
  int bytes = 0;
  if (poll(&polled, 1, kReadTimeoutMs) == 0 || ioctl(socket_, FIONREAD, &bytes) != 0) return 0;
  return static_cast<size_t>(bytes);
}

std::string RawScu::AssociateRequest(const std::string& calling, const std::string& called,
                                     const std::vector<ProposedContext>& contexts) {
  std::string items = Item(0x10, "1.2.840.10008.3.1.1.1");
  int id = 1;
  for (const ProposedContext& context : contexts) {
    std::string content = absl::StrCat(std::string(1, static_cast<char>(id)), std::string(3, '\0'),
                                       Item(0x30, context.abstract_syntax));
    for (const std::string& syntax : context.transfer_syntaxes) content += Item(0x40, syntax);
    items += Item(0x20, content);
    id += 2;
  }
  items += Item(0x50, Item(0x51, BigEndian(16384, 4)) + Item(0x52, "1.2.3.4"));
  const std::string body = absl::StrCat(BigEndian(1, 2), std::string(2, '\0'), Padded(called),
                                        Padded(calling), std::string(32, '\0'), items);
  return absl::StrCat("\x01", std::string(1, '\0'), BigEndian(body.size(), 4), body);
}

std::string RawScu::Associate(const std::string& calling, const std::string& called,
                              const std::vector<ProposedContext>& contexts) {
  Send(AssociateRequest(calling, called, contexts));
  return ReadPdu();
}

namespace {

// The items of type 0x21 in an A-ASSOCIATE-AC.
std::vector<absl::string_view> AcceptedContexts(absl::string_view pdu) {
  std::vector<absl::string_view> contexts;
  pdu.remove_prefix(std::min<size_t>(pdu.size(), 74));
  while (pdu.size() >= 4) {
    const uint32_t length = ReadNumber(pdu.substr(2, 2), true);
    if (pdu[0] == 0x21) contexts.push_back(pdu.substr(4, length));
    pdu.remove_prefix(std::min<size_t>(pdu.size(), 4 + length));
  }
  return contexts;
}

}  // namespace

int RawScu::ContextResult(const std::string& accept_pdu, size_t index) {
  return AcceptedContexts(accept_pdu).at(index).at(2);
}

std::string RawScu::AcceptedSyntax(const std::string& accept_pdu, size_t index) {
  return std::string(AcceptedContexts(accept_pdu).at(index).substr(8));
}

std::string RawScu::DataPdu(int context, int flags, absl::string_view bytes) {
  return absl::StrCat("\x04", std::string(1, '\0'), BigEndian(bytes.size() + 6, 4),
                      BigEndian(bytes.size() + 2, 4), std::string(1, static_cast<char>(context)),
                      std::string(1, static_cast<char>(flags)), bytes);
}

std::string RawScu::StoreCommand(const std::string& sop_class, const std::string& sop_instance) {
  return WithGroupLength(absl::StrCat(
      CommandElement(0x0002, Even(sop_class)), CommandElement(0x0100, LittleEndian(1, 2)),
      CommandElement(0x0110, LittleEndian(7, 2)), CommandElement(0x0700, LittleEndian(0, 2)),
      CommandElement(0x0800, LittleEndian(1, 2)), CommandElement(0x1000, Even(sop_instance))));
}

bool RawScu::SendStore(int context, const std::string& sop_class, const std::string& sop_instance,
                       absl::string_view data_set, size_t fragment_bytes) {
  if (!Send(DataPdu(context, kCommand | kLast, StoreCommand(sop_class, sop_instance)))) {
    return false;
  }
  do {
    const absl::string_view fragment = data_set.substr(0, fragment_bytes);
    data_set.remove_prefix(fragment.size());
    if (!Send(DataPdu(context, data_set.empty() ? kLast : 0, fragment))) return false;
  } while (!data_set.empty());
  return true;
}

absl::optional<uint16_t> RawScu::ReadStatus() {
  const std::string pdu = ReadPdu();
  if (pdu.size() < 12 || pdu[0] != 4) return absl::nullopt;
  absl::optional<uint16_t> status;
  error_comment_.clear();
  absl::string_view command = absl::string_view(pdu).substr(12);
  while (command.size() >= 8) {
    const uint32_t element = ReadNumber(command.substr(2, 2), false);
    const uint32_t length = ReadNumber(command.substr(4, 4), false);
    const absl::string_view value = command.substr(8, length);
    if (element == 0x0900) status = static_cast<uint16_t>(ReadNumber(value, false));
    if (element == 0x0902) error_comment_ = std::string(value);
    command.remove_prefix(std::min<size_t>(command.size(), 8 + length));
  }
  return status;
}

absl::optional<uint16_t> RawScu::Store(int context, const std::string& sop_class,
                                       const std::string& sop_instance,
                                       absl::string_view data_set) {
  if (!SendStore(context, sop_class, sop_instance, data_set)) return absl::nullopt;
  return ReadStatus();
}

absl::optional<uint16_t> RawScu::Echo(int context) {
  const std::string command = WithGroupLength(absl::StrCat(
      CommandElement(0x0002, Even(kVerification)), CommandElement(0x0100, LittleEndian(0x30, 2)),
      CommandElement(0x0110, LittleEndian(9, 2)), CommandElement(0x0800, LittleEndian(0x0101, 2))));
  if (!Send(DataPdu(context, kCommand | kLast, command))) return absl::nullopt;
  return ReadStatus();
}

bool RawScu::Release() {
  const std::string request("\x05\0\0\0\0\x04\0\0\0\0", 10);
  if (!Send(request)) return false;
  const std::string answer = ReadPdu();
  return !answer.empty() && answer[0] == 6;
}

}  // namespace camnode
