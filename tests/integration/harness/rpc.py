"""A stock gRPC client made from the .proto files: grpcio and protoc's messages."""

import sys
import uuid

import grpc

from harness.settings import PYTHON_PROTOS

sys.path.insert(0, str(PYTHON_PROTOS))

from camnode.v1 import admin_pb2, results_pb2, types_pb2  # noqa: E402
import health_pb2  # noqa: E402
import reflection_pb2  # noqa: E402
import rpc_status_pb2  # noqa: E402

RESULTS = "camnode.v1.ResultsService"
ADMIN = "camnode.v1.AdminService"


class RpcFailure(Exception):
    """An error answer: .code, .message and its google.rpc.ErrorInfo in .info (or None)."""

    def __init__(self, error):
        super().__init__(f"{error.code()}: {error.details()}")
        self.code = error.code()
        self.message = error.details()
        self.info = None
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                status = rpc_status_pb2.Status.FromString(value)
                for detail in status.details:
                    if detail.Is(rpc_status_pb2.ErrorInfo.DESCRIPTOR):
                        self.info = rpc_status_pb2.ErrorInfo()
                        detail.Unpack(self.info)


class Rpc:
    DELIVERED = types_pb2.DELIVERY_STATE_DELIVERED
    no_deliveries = admin_pb2.DestinationStatus()

    def __init__(self, port):
        self.channel = grpc.insecure_channel(
            f"127.0.0.1:{port}", options=[("grpc.max_receive_message_length", 32 << 20)]
        )

    def call(self, service, method, request, response_type, timeout=30):
        ask = self.channel.unary_unary(
            f"/{service}/{method}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=response_type.FromString,
        )
        try:
            return ask(request, timeout=timeout)
        except grpc.RpcError as error:
            raise RpcFailure(error) from None

    def results(self, method, timeout=30, **fields):
        """Calls a unary method of ResultsService with the request's fields."""
        request = getattr(results_pb2, f"{method}Request")(**fields)
        return self.call(
            RESULTS, method, request, getattr(results_pb2, f"{method}Response"), timeout
        )

    def admin(self, method, timeout=30, **fields):
        request = getattr(admin_pb2, f"{method}Request")(**fields)
        return self.call(ADMIN, method, request, getattr(admin_pb2, f"{method}Response"), timeout)

    def status(self):
        return self.admin("GetStatus")

    def find_analysis(self, sop_instance_uid):
        """The analysis of a film; None while there is none."""
        try:
            return self.results("GetAnalysis", sop_instance_uid=sop_instance_uid).analysis
        except RpcFailure as failure:
            waiting = (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION)
            if failure.code in waiting:
                return None
            raise

    def delivered(self, analyses):
        """Whether these analyses have objects to deliver, and all of them are."""
        states = [
            delivery.state
            for analysis in analyses
            for made in analysis.derived_instances
            for delivery in made.deliveries
        ]
        return bool(states) and all(state == self.DELIVERED for state in states)

    def all_analyses(self, page_size=50, **fields):
        """Every page of ListAnalyses."""
        found, token = [], ""
        while True:
            page = self.results(
                "ListAnalyses", page_size=page_size, page_token=token, **fields
            )
            found += page.analyses
            token = page.next_page_token
            if not token:
                return found

    def analyze(self, data, media_type, wait=True, deliver=False, request_id=None, timeout=60):
        """Uploads a film in chunks of 64 KiB."""

        def parts():
            yield results_pb2.AnalyzeInstanceRequest(
                header=results_pb2.AnalyzeInstanceHeader(
                    request_id=request_id or str(uuid.uuid4()),
                    media_type=media_type,
                    wait=wait,
                    deliver=deliver,
                )
            )
            for at in range(0, len(data), 65536):
                yield results_pb2.AnalyzeInstanceRequest(chunk=data[at : at + 65536])

        return self.analyze_parts(parts(), timeout)

    def analyze_parts(self, parts, timeout=60):
        ask = self.channel.stream_unary(
            f"/{RESULTS}/AnalyzeInstance",
            request_serializer=results_pb2.AnalyzeInstanceRequest.SerializeToString,
            response_deserializer=results_pb2.AnalyzeInstanceResponse.FromString,
        )
        try:
            return ask(parts, timeout=timeout)
        except grpc.RpcError as error:
            raise RpcFailure(error) from None

    def watch(self, timeout=60, **fields):
        """A running WatchAnalyses stream: iterate, then .cancel()."""
        ask = self.channel.unary_stream(
            f"/{RESULTS}/WatchAnalyses",
            request_serializer=results_pb2.WatchAnalysesRequest.SerializeToString,
            response_deserializer=results_pb2.WatchAnalysesResponse.FromString,
        )
        return ask(results_pb2.WatchAnalysesRequest(**fields), timeout=timeout)

    def health(self, service=""):
        """Name of the grpc.health.v1 serving status."""
        answer = self.call(
            "grpc.health.v1.Health",
            "Check",
            health_pb2.HealthCheckRequest(service=service),
            health_pb2.HealthCheckResponse,
        )
        return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)

    def reflected_services(self):
        """Names of the services that reflection lists."""
        ask = self.channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )
        request = reflection_pb2.ServerReflectionRequest(list_services="*")
        answer = next(ask(iter([request]), timeout=10))
        return {service.name for service in answer.list_services_response.service}
