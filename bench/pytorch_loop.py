"""The usual PyTorch training loop for the VAE of bench/training.py, which starts this file in another environment.

Reads commands from its standard input, one a line: build, epoch (answers its seconds), loss (of the test images).
"""

import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.mean, self.log_var = nn.Linear(784, 400), nn.Linear(400, 20), nn.Linear(400, 20)
        self.back, self.logits = nn.Linear(20, 400), nn.Linear(400, 784)
        for layer in self.children():  # as Keras starts
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        hidden = F.relu(self.hidden(x))
        mean, log_var = self.mean(hidden), self.log_var(hidden)
        z = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
        return self.logits(F.relu(self.back(z))), mean, log_var


def loss_of(vae, x):
    logits, mean, log_var = vae(x)
    kl = 0.5 * torch.sum(torch.exp(log_var) - 1 - log_var + mean**2)
    return (F.binary_cross_entropy_with_logits(logits, x, reduction="sum") + kl) / len(x)


def main(path):
    torch.manual_seed(0)
    with np.load(path) as file:
        x_train, x_test = (
            torch.from_numpy(file[name].reshape(-1, 784) / np.float32(255)) for name in ("x_train", "x_test")
        )
    loader = DataLoader(TensorDataset(x_train), batch_size=128, shuffle=True)
    vae = VAE()
    optimizer = torch.optim.Adam(vae.parameters(), lr=1e-3)

    def epoch():
        start = time.perf_counter()
        for (x,) in loader:
            optimizer.zero_grad()
            loss_of(vae, x).backward()
            optimizer.step()
        return time.perf_counter() - start

    for command in sys.stdin:
        match command.strip():
            case "build":
                print(f"{torch.__version__}, {torch.get_num_threads()} threads", flush=True)
            case "epoch":
                print(epoch(), flush=True)
            case "loss":
                with torch.no_grad():
                    print(loss_of(vae, x_test).item(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
