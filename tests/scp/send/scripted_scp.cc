#include "tests/scp/send/scripted_scp.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tests/scp/raw_scu.h"

namespace camnode {
namespace {

uint32_t BigEndian(absl::string_view bytes) {
  uint32_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

std::string Bytes(uint64_t value, int size, bool big_endian) {
  std::string bytes;
  for (int i = 0; i < size; ++i) {
    bytes.push_back(static_cast<char>(value >> (8 * (big_endian ? size - 1 - i : i))));
  }
  return bytes;
}

std::string Pdu(int type, const std::string& body) {
  return absl::StrCat(std::string(1, static_cast<char>(type)), std::string(1, '\0'),
                      Bytes(body.size(), 4, true), body);
}

// The A-ASSOCIATE-RQ turned into its answer: 0x20 items become 0x21 with the first
// transfer syntax.
std::string Accept(const std::string& request) {
  std::string body = request.substr(6, 68);
  absl::string_view items = absl::string_view(request).substr(74);
  while (items.size() >= 4) {
    const uint32_t length = BigEndian(items.substr(2, 2));
    const absl::string_view content = items.substr(4, length);
    if (items[0] == 0x20) {
      const uint32_t abstract_length = BigEndian(content.substr(6, 2));
      const absl::string_view syntax = content.substr(8 + abstract_length);
      const absl::string_view first = syntax.substr(0, 4 + BigEndian(syntax.substr(2, 2)));
      absl::StrAppend(&body, std::string("\x21\0", 2), Bytes(4 + first.size(), 2, true),
                      content.substr(0, 1), std::string(3, '\0'), first);
    } else {
      absl::StrAppend(&body, items.substr(0, 4 + length));
    }
    items.remove_prefix(4 + length);
  }
  return Pdu(2, body);
}

// Value of an element of a command set.
std::string CommandValue(absl::string_view command, uint32_t element) {
  while (command.size() >= 8) {
    const uint32_t found = static_cast<uint8_t>(command[2]) | static_cast<uint8_t>(command[3]) << 8;
    const uint32_t length = static_cast<uint8_t>(command[4]) | static_cast<uint8_t>(command[5])
                                                                   << 8;
    if (found == element) return std::string(command.substr(8, length));
    command.remove_prefix(8 + length);
  }
  return "";
}

std::string StoreAnswer(int context, const std::string& message_id, int status) {
  const auto element = [](uint64_t tag, const std::string& value) {
    return absl::StrCat(Bytes(0, 2, false), Bytes(tag, 2, false), Bytes(value.size(), 4, false),
                        value);
  };
  const std::string elements =
      absl::StrCat(element(0x0100, Bytes(0x8001, 2, false)), element(0x0120, message_id),
                   element(0x0800, Bytes(0x0101, 2, false)),
                   element(0x0900, Bytes(static_cast<uint64_t>(status), 2, false)));
  return RawScu::DataPdu(context, 3, element(0x0000, Bytes(elements.size(), 4, false)) + elements);
}

}  // namespace

ScriptedScp::ScriptedScp(std::vector<int> answers) : answers_(answers.begin(), answers.end()) {
  listen_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listen_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listen_, 10) != 0 ||
      getsockname(listen_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("cannot listen");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

ScriptedScp::~ScriptedScp() {
  stop_ = true;
  thread_.join();
  close(listen_);
}

std::vector<ScriptedScp::Received> ScriptedScp::received() {
  MutexLock lock(&mutex_);
  return received_;
}

void ScriptedScp::Run() {
  while (!stop_) {
    pollfd polled = {listen_, POLLIN, 0};
    if (poll(&polled, 1, 10) <= 0) continue;
    const int socket = accept(listen_, nullptr, nullptr);
    Serve(socket);
    close(socket);
  }
}

// Shorter than asked for once the peer has closed.
std::string ScriptedScp::Read(int socket, size_t size) {
  std::string bytes;
  while (bytes.size() < size && !stop_) {
    pollfd polled = {socket, POLLIN, 0};
    if (poll(&polled, 1, 10) <= 0) continue;
    std::string buffer(size - bytes.size(), '\0');
    const ssize_t got = recv(socket, buffer.data(), buffer.size(), 0);
    if (got <= 0) break;
    bytes += buffer.substr(0, static_cast<size_t>(got));
  }
  return bytes;
}

absl::optional<std::string> ScriptedScp::ReadPdu(int socket) {
  std::string header = Read(socket, 6);
  if (header.size() < 6) return absl::nullopt;
  const uint32_t length = BigEndian(absl::string_view(header).substr(2, 4));
  const std::string body = Read(socket, length);
  if (body.size() < length) return absl::nullopt;
  return header + body;
}

int ScriptedScp::NextAnswer() {
  MutexLock lock(&mutex_);
  if (answers_.empty()) return 0;
  const int answer = answers_.front();
  answers_.pop_front();
  return answer;
}

void ScriptedScp::Serve(int socket) {
  const auto say = [socket](const std::string& pdu) {
    return send(socket, pdu.data(), pdu.size(), MSG_NOSIGNAL) > 0;
  };
  const absl::optional<std::string> request = ReadPdu(socket);
  if (!request) return;
  if (reject_) {
    say(Pdu(3, std::string("\0\2\3\2", 4)));
    return;
  }
  ++associations_;
  say(Accept(*request));

  std::string command;
  std::string data_set;
  while (const absl::optional<std::string> pdu = ReadPdu(socket)) {
    if ((*pdu)[0] == 5) {
      say(Pdu(6, std::string(4, '\0')));
      return;
    }
    if ((*pdu)[0] != 4) return;
    const int context = (*pdu)[10];
    const int flags = (*pdu)[11];
    (flags & 1 ? command : data_set) += pdu->substr(12);
    if (flags != 2) continue;  // Not the last fragment of a data set.

    const int answer = NextAnswer();
    if (answer == kHangUp) return;
    if (answer == kSayNothing) {
      ++silences_;
      continue;
    }
    std::string uid = CommandValue(command, 0x1000);
    while (!uid.empty() && uid.back() == '\0') uid.pop_back();
    {
      MutexLock lock(&mutex_);
      received_.push_back({uid, std::move(data_set)});
    }
    say(StoreAnswer(context, CommandValue(command, 0x0110), answer));
    command.clear();
    data_set.clear();
  }
}

}  // namespace camnode
