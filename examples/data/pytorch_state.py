"""Saves the state of a small PyTorch network as examples/data/pytorch_state.safetensors, and prints what it computes.

The numbers stand in examples/pytorch_state.rs. Usage: python examples/data/pytorch_state.py (needs torch and safetensors).
"""

import pathlib

import torch
from safetensors.torch import save_file

SEED = 7


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.recurrent = torch.nn.LSTM(input_size=2, hidden_size=4, num_layers=2)
        self.output = torch.nn.Linear(4, 1)

    def forward(self, inputs):
        return self.output(self.recurrent(inputs)[0])


torch.manual_seed(SEED)
network = Network()
with torch.no_grad():  # larger weights, so that the outputs differ
    [weights.mul_(4) for weights in network.parameters()]
save_file(network.state_dict(), pathlib.Path(__file__).with_suffix(".safetensors"))
inputs = torch.tensor([[[0.5, -1.0]], [[2.0, 0.25]], [[-0.75, 1.5]]])
print(f"torch {torch.__version__}, seed {SEED}")
print(network(inputs).flatten().tolist())
