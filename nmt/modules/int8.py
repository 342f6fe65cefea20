"""Products with weights of 8 bits, and the one function that knows the kernel for them.

Weights have a scale for each output, activations one for each row, or a fixed one where all are known to lie between -1
and 1, which spares five small operations: so no row's result depends on the others. Sums are exact: integers of at most
24 bits. Activations take 7 bits, since processors without VNNI add pairs of products in 16 bits. So the kernel and
plain float32 arithmetic on the same integers agree to the bit, or but for the last one where the kernel adds a bias,
which is tested.
"""

import threading
import warnings
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

WEIGHT_LEVELS, ROW_LEVELS = 127, 64
"""Largest number that a weight, and that an activation is rounded to: pairs of their products fit into 16 bits."""
ZERO_POINT = 64
"""Where the kernel, which takes activations without sign, has its 0."""
SMALLEST = 1e-30
"""Stands for the largest number of a row of zeros."""
FEW_OUTPUTS = 512
"""Up to so many rows of a matrix are quicker multiplied as floats than packed for the kernel."""


def quantise(
    weight: Float[Tensor, "outputs inputs"],
) -> tuple[Int[Tensor, "outputs inputs"], Float[Tensor, " outputs"]]:
    """Returns numbers from -127 to 127 (int8) and a scale for each row: weight is about numbers * scale."""
    scale = weight.abs().amax(1).clamp(min=SMALLEST) / WEIGHT_LEVELS
    return (weight / scale[:, None]).round().to(torch.int8), scale


def dequantise(
    numbers: Int[Tensor, "outputs inputs"], scale: Float[Tensor, " outputs"]
) -> Float[Tensor, "outputs inputs"]:
    """Returns what `quantise` has made of a weight."""
    return numbers.to(scale.dtype) * scale[:, None]


class Int8Matrix:
    """A weight of 8 bits, ready for products.

    Args:
        numbers: as `quantise` gives them.
        scale: likewise.
        bias: what every product has added.
        packed: whether to use the kernel, if torch has it here; otherwise the same integers are multiplied as floats.
        within_one: whether all that it is multiplied with lies between -1 and 1.
        apart: whether the kernel shall leave scales and bias to an operation of their own: ready in half the time, for
            the same products to the bit.
    """

    def __init__(
        self,
        numbers: Int[Tensor, "outputs inputs"],
        scale: Float[Tensor, " outputs"],
        bias: Float[Tensor, " outputs"] | None = None,
        *,
        packed: bool = True,
        within_one: bool = False,
        apart: bool = False,
    ) -> None:
        self.numbers, self.scale, self.bias, self.within_one, self._apart = numbers, scale, bias, within_one, apart
        self._packed = _pack(numbers, None if apart else scale, self._inside) if packed else None
        self._floats = numbers.float() / ROW_LEVELS if self._packed is None else None

    def __reduce__(self) -> tuple[Any, ...]:
        """Lets it be copied and sent to other processes, which the packed form cannot."""
        packed = self._packed is not None
        made = partial(Int8Matrix, packed=packed, within_one=self.within_one, apart=self._apart)
        return made, (self.numbers, self.scale, self.bias)

    @classmethod
    def of(
        cls,
        weight: Float[Tensor, "outputs inputs"],
        bias: Float[Tensor, " outputs"] | None = None,
        *,
        within_one: bool = False,
    ) -> "Int8Matrix":
        """Returns a float weight rounded to 8 bits, with a bias as it is."""
        bias = None if bias is None else bias.detach().float()
        return cls(*quantise(weight.detach().float()), bias, within_one=within_one)

    def __getitem__(self, index: Int[Tensor, " chosen"]) -> "Int8Matrix":
        """Returns a matrix of some of the outputs."""
        packed = len(index) > FEW_OUTPUTS
        numbers, scale, bias = self.numbers[index], self.scale[index], None if self.bias is None else self.bias[index]
        return Int8Matrix(numbers, scale, bias, packed=packed, within_one=self.within_one, apart=True)

    @property
    def inputs(self) -> int:
        """How wide a row is that it is multiplied with."""
        return self.numbers.shape[1]

    @property
    def _inside(self) -> Tensor | None:
        """The bias, if the kernel is to add it."""
        return self.bias if self.within_one and not self._apart else None

    def above(self, other: "Int8Matrix") -> "Int8Matrix":
        """Returns a matrix of the outputs of both, without bias."""
        numbers, scale = torch.cat([self.numbers, other.numbers]), torch.cat([self.scale, other.scale])
        return Int8Matrix(numbers, scale, within_one=self.within_one and other.within_one)

    def beside(self, other: "Int8Matrix") -> "Int8Matrix":
        """Returns a matrix of the outputs of both, without bias, each reading its own part of the inputs."""
        numbers = torch.block_diag(self.numbers, other.numbers)  # type: ignore[no-untyped-call]
        scale = torch.cat([self.scale, other.scale])
        return Int8Matrix(numbers, scale, within_one=self.within_one and other.within_one)

    def product(
        self, inputs: Float[Tensor, "*rows inputs"], bias: Float[Tensor, " outputs"] | None = None
    ) -> Float[Tensor, "*rows outputs"]:
        """Returns inputs W^T + b, each row of inputs rounded to 7 bits, by its own largest number or by 1.

        `bias` is for a matrix that has none.
        """
        if self.within_one:
            found = self._multiply(inputs, self.bias)
            return found if bias is None else found.add_(bias)
        largest = inputs.abs().amax(-1, keepdim=True).clamp_(min=SMALLEST)
        found, added = self._multiply(inputs / largest, None), self.bias if bias is None else bias
        return found.mul_(largest) if added is None else torch.addcmul(added, found, largest)

    def _multiply(self, inputs: Tensor, bias: Tensor | None) -> Tensor:
        """Returns the product with inputs between -1 and 1."""
        if self._floats is not None:
            levels = (inputs * ROW_LEVELS + ZERO_POINT).round_().sub_(ZERO_POINT)  # as the kernel: the sum rounds, too
            found: Tensor = F.linear(levels, self._floats)
        else:
            found = _kernel(inputs, 1 / ROW_LEVELS, ZERO_POINT, self._packed)
            if not self._apart:
                return found
        return found.mul_(self.scale) if bias is None else torch.addcmul(bias, found, self.scale)


_kernel = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32.default
_kernel = getattr(_kernel, "_op", _kernel)  # what it calls after 4 us spent on arguments that it never has


_packing = threading.Lock()
"""Held while settings of the whole process are others; threads pack the shortlists of their batches."""


def _pack(numbers: Tensor, scale: Tensor | None, bias: Tensor | None) -> Any:
    """Returns a weight as FBGEMM's kernel wants it, without scale of 1; None where torch has no such kernel."""
    if "fbgemm" not in torch.backends.quantized.supported_engines:
        return None
    with _packing, warnings.catch_warnings():
        before = torch.backends.quantized.engine
        warnings.simplefilter("ignore", UserWarning)  # that quantised tensors are to be deprecated
        try:
            torch.backends.quantized.engine = "fbgemm"
            if scale is None:
                weight = torch._make_per_tensor_quantized_tensor(numbers.contiguous(), 1.0, 0)
            else:
                zeros = torch.zeros(len(scale), dtype=torch.long)
                weight = torch._make_per_channel_quantized_tensor(numbers.contiguous(), scale.double(), zeros, 0)
            return torch.ops.quantized.linear_prepack(weight, bias)
        finally:
            torch.backends.quantized.engine = before
