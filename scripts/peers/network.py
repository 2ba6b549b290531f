"""Sizes, weights and input of what is timed, as ours wrote them, and the network as an ONNX graph."""

import numpy as np

GATES = {"rnn": 1, "lstm": 4, "gru": 3}
ONNX_ORDER = {"rnn": [0], "lstm": [0, 3, 1, 2], "gru": [1, 0, 2]}


class Network:
    """Sizes, and weights and input from the folder. `layers` has weight_ih, weight_hh, bias_ih and bias_hh of each layer, as PyTorch."""

    def __init__(self, words):
        self.cell = words[0]
        self.features, self.hidden, self.count, self.batch, self.steps = map(int, words[1:6])
        self.folder = words[6]
        values = np.fromfile(f"{self.folder}/weights.f32", np.float32)
        rows = GATES[self.cell] * self.hidden

        def take(*shape):
            nonlocal values
            part, values = np.split(values, [int(np.prod(shape))])
            return np.ascontiguousarray(part.reshape(shape))

        self.layers = []
        for layer in range(self.count):
            width = self.features if layer == 0 else self.hidden
            self.layers.append([take(rows, width), take(rows, self.hidden), take(rows), take(rows)])
        self.output = [take(self.features, self.hidden), take(self.features)]
        assert values.size == 0
        self.x = self.roll("x")
        self.y = self.roll("y")

    def roll(self, name):
        return np.fromfile(f"{self.folder}/{name}.f32", np.float32).reshape(self.steps, self.batch, self.features)


def states_of(net):
    """Names of the states of a step's graph, before and after it."""
    kinds = ["h", "c"] if net.cell == "lstm" else ["h"]
    return [(f"{kind}{layer}", f"new_{kind}{layer}") for layer in range(net.count) for kind in kinds]


def write_onnx(net, single):
    """The network as `model.onnx`. `single`: one step, whose inputs and outputs have the state of each layer; else all steps from zero."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    steps, batch, hidden = 1 if single else net.steps, net.batch, net.hidden
    constants, nodes = [], []

    def constant(name, value):
        constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def value(name, shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    def gates(matrix):
        parts = np.split(matrix, GATES[net.cell])
        return np.concatenate([parts[gate] for gate in ONNX_ORDER[net.cell]])

    at, axis = "x", constant("axis", np.array([1], np.int64))
    inputs, outputs = [value("x", (steps, batch, net.features))], [value("logits", (steps, batch, net.features))]
    kinds = ["h", "c"] if net.cell == "lstm" else ["h"]
    for layer, (w_ih, w_hh, b_ih, b_hh) in enumerate(net.layers):
        names = [constant(f"w{layer}", gates(w_ih)[None]), constant(f"r{layer}", gates(w_hh)[None]),
                 constant(f"b{layer}", np.concatenate([gates(b_ih), gates(b_hh)])[None])]
        before = [f"{kind}{layer}" for kind in kinds] if single else []
        after = [f"new_{kind}{layer}" for kind in kinds] if single else []
        inputs += [value(name, (1, batch, hidden)) for name in before]
        outputs += [value(name, (1, batch, hidden)) for name in after]
        more = {"linear_before_reset": 1} if net.cell == "gru" else {}
        nodes.append(helper.make_node(net.cell.upper(), [at, *names, "", *before] if before else [at, *names],
                                      [f"y{layer}", *after], hidden_size=hidden, **more))
        nodes.append(helper.make_node("Squeeze", [f"y{layer}", axis], [f"s{layer}"]))
        at = f"s{layer}"
    nodes.append(helper.make_node("MatMul", [at, constant("w_out", net.output[0].T)], ["product"]))
    nodes.append(helper.make_node("Add", ["product", constant("b_out", net.output[1])], ["logits"]))
    graph = helper.make_graph(nodes, "network", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, f"{net.folder}/model.onnx")
